# SPDX-License-Identifier: GPL-2.0-or-later

PYTHON = python3
HOOKSDIR = /usr/libexec/vdsm/hooks
DATADIR = /usr/share/vdsm-hook-extnet
UNITDIR = /usr/lib/systemd/system
DESTDIR =
INPUTS = 100000
VDSM ?=

VENV = .venv
PIP = $(VENV)/bin/pip install --quiet --disable-pip-version-check
HOOKS = $(DESTDIR)$(HOOKSDIR)
LINKED = before_nic_hotplug before_update_device
NETWORKS = glitter.xml macvtap_net.xml ovs_net.xml
UNIT = extnet-route@.service

PACKAGE = vdsm-hook-extnet
SPEC = $(PACKAGE).spec
ARCHIVE = $(PACKAGE)-$(VERSION)
# The packages hold the last commit. These git commands print the same whatever a user's settings
# are. Whoever runs this Makefile in another user's clone trusts that user already.
GIT = git -c safe.directory='*'
VERSION = $(shell $(GIT) cat-file blob HEAD:$(SPEC) | sed -n 's/^Version: *//p')
COMMITTED = $(shell $(GIT) cat-file commit HEAD | sed -n 's/^committer .*> \([0-9]*\) .*/\1/p; /^$$/q')
COMMIT = $(shell $(GIT) rev-parse HEAD)
TAGGED = $(shell $(GIT) rev-parse --quiet --verify 'refs/tags/$(VERSION)^{commit}')
# Empty if the commit is tagged with its version, else .20261122git2c635f8, say, which is higher
# than the release. That is right: a version is raised by the commit that is tagged, so others come
# later.
SNAPSHOT = $(if $(filter $(COMMIT),$(TAGGED)),,$(shell date -u -d @$(COMMITTED) +.%Y%m%dgit$(COMMIT) | cut -c-19))
SCRATCH = scratch=$$(mktemp -d); trap 'rm -rf "$$scratch"' EXIT; trap 'exit 1' HUP INT TERM

.PHONY: help demo check check-live capture lint test fuzz mutants bench readme-tools install uninstall dist rpm clean

help:
	@sed -n -e 's/^## /\n/p' -e 's/^\([a-z-]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 22

## Try it
demo: ## show what the hook does to a vNIC whose profile has extnet=glitter (1 s)
	@$(PYTHON) tests/tools/demo.py

## Develop it
check: lint test ## run the linters and tests, with each installed Python from 3.6 on (2 min)

# The lab needs Debian and root, so pytest does not collect it, and it has its own command.
check-live: $(VENV)/installed ## run the lab: real libvirt, real guests (8 min; Debian, root; VDSM=FOLDER)
	@VDSM='$(VDSM)' $(VENV)/bin/python tests/lab

# Only Vdsm itself can say what it passes to hooks, so the lab's stand-in for Vdsm is of no use
# here.
capture: $(VENV)/installed ## record the cases that come from Vdsm (2 min; Debian, root; VDSM=FOLDER)
	$(if $(VDSM),,$(error set VDSM to the folder below which Vdsm is installed))
	@VDSM='$(VDSM)' $(VENV)/bin/python tests/lab --capture-vnics -k 'captured and not migration'

# vermin checks what runs on others' machines with Python 3.6. ansible-lint is in .venv only after
# make readme-tools. It looks for Ansible in PATH, and a playbook wants OVIRT_URL.
lint: $(VENV)/installed
	@$(VENV)/bin/ruff check --quiet
	@$(VENV)/bin/ruff format --quiet --check
	@$(VENV)/bin/vermin --quiet --no-tips --violations -t=3.6- 50_extnet tests/shipped/*.py
	@$(VENV)/bin/codespell --quiet-level 3 --check-hidden --skip .git,$(VENV),.hypothesis,.ruff_cache,build
	@[ ! -e $(VENV)/readme ] || OVIRT_URL=https://engine.example.com/ovirt-engine/api \
		ANSIBLE_HOME=build/ansible PATH="$$PWD/$(VENV)/bin:$$PATH" \
		ansible-lint -q --offline --strict tests/shipped/*.yml

# -n runs the tests in workers: a hook that ends the process that loads it ends a worker, not
# pytest.
test: $(VENV)/installed
	@$(VENV)/bin/pytest -n auto --dist worksteal

# Each run draws other inputs and stops at the first failure.
fuzz: $(VENV)/installed ## run the hook with 100,000 new random inputs (6 min; INPUTS=NUMBER)
	@FUZZ=$(INPUTS) $(VENV)/bin/pytest -n auto -x tests/hook/test_any_input.py

# Each change is made in a new copy of the clone. Do not edit the clone in the meantime.
mutants: $(VENV)/installed ## change the hook in small ways: does a test notice each? (9 min)
	@$(VENV)/bin/python tests/tools/mutants.py

# It measures the system's Pythons, as the hook uses them, so it needs no .venv.
bench: ## measure what a call of the hook costs (10 s for each of PYTHONS=INTERPRETERS)
	@$(PYTHON) tests/tools/bench.py $(PYTHONS)

# These are not in .venv from the start, because oVirt's SDK needs a C compiler.
readme-tools: $(VENV)/readme ## add Ansible and oVirt's SDK to .venv, to test the playbooks (2 min)

# A file in .venv marks what has been installed. If a requirements file is newer, make starts over.
$(VENV)/installed: tests/requirements.txt
	@echo 'creating $(VENV), once'
	@$(PYTHON) -m venv --clear $(VENV)
	@$(PIP) -r $<
	@touch $@

$(VENV)/readme: tests/requirements-readme.txt $(VENV)/installed
	@$(PIP) --no-compile -r $<
	@touch $@

clean: ## remove what the commands above created in this clone
	rm -rf $(VENV) build .hypothesis .ruff_cache tests/__pycache__ tests/*/__pycache__

## Use it
install: ## install the hook and its files (DESTDIR, HOOKSDIR, DATADIR, UNITDIR)
	install -d $(HOOKS)/before_device_create $(addprefix $(HOOKS)/,$(LINKED))
	install -p -m 0755 50_extnet $(HOOKS)/before_device_create/50_extnet
	for point in $(LINKED); do \
		ln -sfn ../before_device_create/50_extnet $(HOOKS)/$$point/50_extnet || exit 1; \
	done
	install -d $(DESTDIR)$(DATADIR) $(DESTDIR)$(UNITDIR)
	install -p -m 0644 $(addprefix tests/shipped/,$(NETWORKS)) $(DESTDIR)$(DATADIR)
	install -p -m 0644 tests/shipped/$(UNIT) $(DESTDIR)$(UNITDIR)

# All other folders belong to Vdsm and systemd.
uninstall: ## remove what `make install` installed (with the same variables)
	rm -f $(addsuffix /50_extnet,$(addprefix $(HOOKS)/,before_device_create $(LINKED)))
	rm -f $(addprefix $(DESTDIR)$(DATADIR)/,$(NETWORKS)) $(DESTDIR)$(UNITDIR)/$(UNIT)
	[ ! -d $(DESTDIR)$(DATADIR) ] || rmdir --ignore-fail-on-non-empty $(DESTDIR)$(DATADIR)

# The source archive of the last commit. This looks for .git itself, because in an unpacked archive
# git would find another repository around it.
dist:
	$(if $(and $(wildcard .git),$(VERSION)),,$(error this is not a git clone of extnet. Run \
		rpmbuild -ta $(PACKAGE)-*.tar.gz to build packages from an archive))
	@if $(GIT) status --porcelain | grep . >&2; then \
		echo 'warning: the changes above are not committed, so they are left out' >&2; \
	fi
	@set -e; $(SCRATCH); \
	$(GIT) cat-file blob HEAD:$(SPEC) | sed 's/^Release: *1/&$(SNAPSHOT)/' >"$$scratch/$(SPEC)"; \
	$(GIT) -c tar.umask=0022 archive --prefix=$(ARCHIVE)/ --add-file="$$scratch/$(SPEC)" \
		-o "$$scratch/$(ARCHIVE).tar" HEAD . ':!$(SPEC)'; \
	gzip -n "$$scratch/$(ARCHIVE).tar"; \
	mkdir -p build; \
	mv "$$scratch/$(ARCHIVE).tar.gz" build

# The build is reproducible: from one commit, one version of rpm builds the same bytes for everyone,
# everywhere, at any time. --nodeps, because Debian's rpm knows no installed packages; mock and dnf
# check BuildRequires.
RPMBUILD = SOURCE_DATE_EPOCH=$(COMMITTED) rpmbuild --quiet --nodeps \
	--define "_topdir $$scratch" --define "_srcrpmdir $$scratch" --define "_rpmdir $$scratch" \
	--define '_rpmfilename %%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm' \
	--define '_docdir_fmt %%{NAME}' \
	--define '_srcdefattr (0644,root,root)' \
	--define '_buildhost localhost' \
	--define 'use_source_date_epoch_as_buildtime 1' \
	--define 'clamp_mtime_to_source_date_epoch 1' \
	--define 'build_mtime_policy clamp_to_source_date_epoch' # since rpm 4.20

# The source RPM contains the spec with its macros expanded. None of them may name a folder whose
# name differs from build to build.
rpm: dist ## build the source and the binary RPM of the last commit, in build/
	@set -e; $(SCRATCH); rm -f build/*.rpm; clone=$$PWD; cd "$$scratch"; \
	ln -s "$$clone/build/$(ARCHIVE).tar.gz" .; \
	tar -xzf $(ARCHIVE).tar.gz --strip-components=1 $(ARCHIVE)/$(SPEC); \
	$(RPMBUILD) -bs --define '_sourcedir .' \
		--define '_builddir /var/tmp' --define '_buildrootdir /var/tmp' $(SPEC); \
	$(RPMBUILD) --define "_tmppath $$scratch" --rebuild $(ARCHIVE)-*.src.rpm; \
	mv *.rpm "$$clone/build"; \
	cd "$$clone"; ls build/*.rpm
