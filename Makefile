# SPDX-License-Identifier: GPL-2.0-or-later

PYTHON = python3
HOOKSDIR = /usr/libexec/vdsm/hooks
DESTDIR =
INPUTS = 100000

VENV = .venv
HOOKS = $(DESTDIR)$(HOOKSDIR)
LINKED = before_nic_hotplug before_update_device

PACKAGE = vdsm-hook-extnet
VERSION = $(shell git show HEAD:$(PACKAGE).spec | sed -n 's/^Version: *//p')
ARCHIVE = $(PACKAGE)-$(VERSION)

.PHONY: help demo check check-live lint test fuzz mutants bench readme-tools install uninstall dist rpm clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /make \1\t/p' $(MAKEFILE_LIST) | expand -t 18

demo: ## show what the hook does to a vNIC whose profile says extnet=glitter
	@$(PYTHON) tests/tools/demo.py

check: lint test ## run the whole suite, from linters to every Python on this machine

check-live: $(VENV)/installed ## show it with a real libvirt and real guests (Debian 12, as root)
	@$(VENV)/bin/python tests/live

lint: $(VENV)/installed
	$(VENV)/bin/ruff check --config tests/ruff.toml .
	$(VENV)/bin/ruff format --config tests/ruff.toml --check .
	$(VENV)/bin/vermin --no-tips --violations -t=3.6- 50_extnet
	$(VENV)/bin/codespell --quiet-level 3 --skip build . .ci/run

test: $(VENV)/installed
	$(VENV)/bin/pytest -c tests/pytest.ini tests

$(VENV)/installed: tests/requirements.txt
	$(PYTHON) -m venv --clear $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check -r tests/requirements.txt
	touch $@

readme-tools: $(VENV)/readme ## add to .venv what README's Engine and Ansible examples are tested with

$(VENV)/readme: $(VENV)/installed tests/requirements-readme.txt
	$(VENV)/bin/pip install --quiet --disable-pip-version-check --no-compile -r tests/requirements-readme.txt
	touch $@

fuzz: $(VENV)/figures ## try the hook with new inputs every time (INPUTS: how many, 100000)
	FUZZ=$(INPUTS) $(VENV)/bin/pytest -c tests/pytest.ini -n auto -x tests/hook/test_any_input.py

mutants: $(VENV)/figures ## change the hook in every small way: does a test fail each time?
	PYTHONPATH=tests/common:tests/hook $(VENV)/bin/python tests/tools/mutants.py

bench: ## measure a call of the hook against the least it could cost (PYTHONS: of which)
	@$(PYTHON) tests/tools/bench.py $(PYTHONS)

$(VENV)/figures: $(VENV)/installed tests/requirements-figures.txt
	$(VENV)/bin/pip install --quiet --disable-pip-version-check -r tests/requirements-figures.txt
	touch $@

install: ## install the hook in Vdsm's three hook points (DESTDIR, HOOKSDIR)
	install -d $(HOOKS)/before_device_create $(addprefix $(HOOKS)/,$(LINKED))
	install -p -m 0755 50_extnet $(HOOKS)/before_device_create/50_extnet
	for point in $(LINKED); do \
		ln -sfn ../before_device_create/50_extnet $(HOOKS)/$$point/50_extnet || exit 1; \
	done

uninstall: ## remove the hook from there
	rm -f $(addsuffix /50_extnet,$(addprefix $(HOOKS)/,before_device_create $(LINKED)))

dist: ## make the source archive of the last commit, in build/
	@if git status --porcelain | grep . >&2; then \
		echo 'warning: what is listed above is not committed, so it is left out' >&2; \
	fi
	mkdir -p build
	git -c tar.umask=0022 archive --prefix=$(ARCHIVE)/ -o build/$(ARCHIVE).tar HEAD
	gzip -nf build/$(ARCHIVE).tar

# The same bytes from the same commit by the same rpm, whoever runs it, wherever and whenever.
# --nodeps, for Debian's rpm knows of no installed package; mock and dnf do look at BuildRequires.
RPMBUILD = rpmbuild --nodeps \
	--define '_topdir $(CURDIR)/build/rpmbuild' \
	--define '_srcrpmdir $(CURDIR)/build' \
	--define '_rpmdir $(CURDIR)/build' \
	--define '_rpmfilename %%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm' \
	--define '_docdir_fmt %%{NAME}' \
	--define '_srcdefattr (0644,root,root)' \
	--define '_buildhost localhost' \
	--define 'use_source_date_epoch_as_buildtime 1' \
	--define 'clamp_mtime_to_source_date_epoch 1' \
	--define 'build_mtime_policy clamp_to_source_date_epoch' # since rpm 4.20

# The source RPM holds the spec with its macros expanded, of which none may name this folder.
rpm: export SOURCE_DATE_EPOCH = $(shell git log -1 --format=%ct)
rpm: dist ## build the source and the binary RPM of the last commit, in build/
	rm -f build/*.rpm
	tar -xzf build/$(ARCHIVE).tar.gz -C build --strip-components=1 $(ARCHIVE)/$(PACKAGE).spec
	cd build && $(RPMBUILD) -bs --define '_sourcedir .' \
		--define '_builddir %{_tmppath}' --define '_buildrootdir %{_tmppath}' $(PACKAGE).spec
	$(RPMBUILD) --rebuild build/$(ARCHIVE)-*.src.rpm
	rm -rf build/rpmbuild build/$(PACKAGE).spec

clean: ## remove what the other targets have made here
	rm -rf $(VENV) build .hypothesis .ruff_cache tests/__pycache__ tests/*/__pycache__
