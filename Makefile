# SPDX-License-Identifier: GPL-2.0-or-later

PYTHON = python3
HOOKSDIR = /usr/libexec/vdsm/hooks
DESTDIR =
INPUTS = 100000
VDSM ?=

VENV = .venv
HOOKS = $(DESTDIR)$(HOOKSDIR)
LINKED = before_nic_hotplug before_update_device

PACKAGE = vdsm-hook-extnet
SPEC = $(PACKAGE).spec
ARCHIVE = $(PACKAGE)-$(VERSION)
# All of the last commit, by commands that no setting of git's changes. Whoever runs this Makefile in
# another user's clone trusts that user already.
GIT = git -c safe.directory='*'
VERSION = $(shell $(GIT) cat-file blob HEAD:$(SPEC) | sed -n 's/^Version: *//p')
COMMITTED = $(shell $(GIT) cat-file commit HEAD | sed -n 's/^committer .*> \([0-9]*\) .*/\1/p; /^$$/q')
COMMIT = $(shell $(GIT) rev-parse HEAD)
TAGGED = $(shell $(GIT) rev-parse --quiet --verify 'refs/tags/$(VERSION)^{commit}')
# Nothing where the commit has the tag of its version, else .20261122git2c635f8: above the tagged
# release, for it is in the commit to be tagged that the version is raised.
SNAPSHOT = $(if $(filter $(COMMIT),$(TAGGED)),,$(shell date -u -d @$(COMMITTED) +.%Y%m%dgit$(COMMIT) | cut -c-19))
SCRATCH = scratch=$$(mktemp -d); trap 'rm -rf "$$scratch"' EXIT; trap 'exit 1' HUP INT TERM

.PHONY: help demo check check-live capture lint test fuzz mutants bench readme-tools install uninstall dist rpm clean

help:
	@sed -n -e 's/^## /\n/p' -e 's/^\([a-z-]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 22

## Try it
demo: ## show what the hook does to a vNIC whose profile says extnet=glitter (1 s)
	@$(PYTHON) tests/tools/demo.py

## Develop it
check: lint test ## pass the suite, with every Python from 3.6 on of this machine (2 min)

check-live: $(VENV)/installed ## show it with the real Vdsm, libvirt and guests (6 min; Debian 12, root)
	@VDSM='$(VDSM)' $(VENV)/bin/python tests/live

capture: $(VENV)/installed ## write anew, in tests/vnics, what the real Vdsm hands over (1 min; the same)
	@VDSM='$(VDSM)' $(VENV)/bin/python tests/live --capture-vnics -k 'captured and not migration'

lint: $(VENV)/installed
	@echo 'make check takes about two minutes on two CPUs'
	@$(VENV)/bin/ruff check --quiet .
	@$(VENV)/bin/ruff format --quiet --check .
	@$(VENV)/bin/vermin --quiet --no-tips --violations -t=3.6- 50_extnet
	@$(VENV)/bin/codespell --quiet-level 3 --skip build . .ci/run

# In processes of pytest's own (-n): a hook that ends the process that loads it fails the suite.
test: $(VENV)/installed
	@$(VENV)/bin/pytest -n auto --dist worksteal

fuzz: $(VENV)/installed ## try it with new inputs every time (INPUTS=100000: 11 min)
	@FUZZ=$(INPUTS) $(VENV)/bin/pytest -n auto -x tests/hook/test_any_input.py

mutants: $(VENV)/figures ## change it in every small way: does a test fail each time? (10 min)
	@PYTHONPATH=tests/common:tests/hook $(VENV)/bin/python tests/tools/mutants.py

bench: ## measure what a call costs (PYTHONS=interpreters; 1 min each)
	@$(PYTHON) tests/tools/bench.py $(PYTHONS)

readme-tools: $(VENV)/readme ## add to .venv what README's Python and Ansible are tried with (2 min)

# make's own words about what is already there are noise.
$(VENV)/installed: tests/requirements.txt
	@echo 'making $(VENV), once'
	@$(PYTHON) -m venv --clear $(VENV)
	@$(VENV)/bin/pip install --quiet --disable-pip-version-check -r tests/requirements.txt
	@touch $@

$(VENV)/readme: $(VENV)/installed tests/requirements-readme.txt
	@$(VENV)/bin/pip install --quiet --disable-pip-version-check --no-compile -r tests/requirements-readme.txt
	@touch $@

$(VENV)/figures: $(VENV)/installed tests/requirements-figures.txt
	@$(VENV)/bin/pip install --quiet --disable-pip-version-check -r tests/requirements-figures.txt
	@touch $@

clean: ## remove what the others have made here
	rm -rf $(VENV) build .hypothesis .ruff_cache tests/__pycache__ tests/*/__pycache__

## Use it
install: ## install the hook in Vdsm's three hook points (DESTDIR, HOOKSDIR)
	install -d $(HOOKS)/before_device_create $(addprefix $(HOOKS)/,$(LINKED))
	install -p -m 0755 50_extnet $(HOOKS)/before_device_create/50_extnet
	for point in $(LINKED); do \
		ln -sfn ../before_device_create/50_extnet $(HOOKS)/$$point/50_extnet || exit 1; \
	done

uninstall: ## remove the hook from there
	rm -f $(addsuffix /50_extnet,$(addprefix $(HOOKS)/,before_device_create $(LINKED)))

# The source archive of the last commit.
dist:
	$(if $(and $(wildcard .git),$(VERSION)),,$(error not a git clone of extnet: \
		of an archive, rpmbuild -ta $(PACKAGE)-*.tar.gz makes the packages))
	@if $(GIT) status --porcelain | grep . >&2; then \
		echo 'warning: what is listed above is not committed, so it is left out' >&2; \
	fi
	@set -e; $(SCRATCH); \
	$(GIT) cat-file blob HEAD:$(SPEC) | sed 's/^Release: *1/&$(SNAPSHOT)/' >"$$scratch/$(SPEC)"; \
	$(GIT) -c tar.umask=0022 archive --prefix=$(ARCHIVE)/ --add-file="$$scratch/$(SPEC)" \
		-o "$$scratch/$(ARCHIVE).tar" HEAD . ':!$(SPEC)'; \
	gzip -n "$$scratch/$(ARCHIVE).tar"; \
	mkdir -p build; \
	mv "$$scratch/$(ARCHIVE).tar.gz" build

# The same bytes from the same commit by the same rpm, whoever runs it, wherever and whenever.
# --nodeps, for Debian's rpm knows of no installed package; mock and dnf do look at BuildRequires.
RPMBUILD = SOURCE_DATE_EPOCH=$(COMMITTED) rpmbuild --quiet --nodeps \
	--define "_topdir $$scratch" --define "_srcrpmdir $$scratch" --define "_rpmdir $$scratch" \
	--define '_rpmfilename %%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm' \
	--define '_docdir_fmt %%{NAME}' \
	--define '_srcdefattr (0644,root,root)' \
	--define '_buildhost localhost' \
	--define 'use_source_date_epoch_as_buildtime 1' \
	--define 'clamp_mtime_to_source_date_epoch 1' \
	--define 'build_mtime_policy clamp_to_source_date_epoch' # since rpm 4.20

# The source RPM holds the spec with its macros expanded, of which none may name a folder of ours.
rpm: dist ## build the source and the binary RPM of the last commit, in build/
	@set -e; $(SCRATCH); rm -f build/*.rpm; clone=$$PWD; cd "$$scratch"; \
	ln -s "$$clone/build/$(ARCHIVE).tar.gz" .; \
	tar -xzf $(ARCHIVE).tar.gz --strip-components=1 $(ARCHIVE)/$(SPEC); \
	$(RPMBUILD) -bs --define '_sourcedir .' \
		--define '_builddir /var/tmp' --define '_buildrootdir /var/tmp' $(SPEC); \
	$(RPMBUILD) --define "_tmppath $$scratch" --rebuild $(ARCHIVE)-*.src.rpm; \
	mv *.rpm "$$clone/build"; \
	cd "$$clone"; ls build/*.rpm
