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
# What is packaged is the last commit. These commands of git print the same whatever a user's settings
# are. Whoever runs this Makefile in another user's clone trusts that user already.
GIT = git -c safe.directory='*'
VERSION = $(shell $(GIT) cat-file blob HEAD:$(SPEC) | sed -n 's/^Version: *//p')
COMMITTED = $(shell $(GIT) cat-file commit HEAD | sed -n 's/^committer .*> \([0-9]*\) .*/\1/p; /^$$/q')
COMMIT = $(shell $(GIT) rev-parse HEAD)
TAGGED = $(shell $(GIT) rev-parse --quiet --verify 'refs/tags/$(VERSION)^{commit}')
# Nothing where the commit has the tag of its version, else .20261122git2c635f8. That is above the
# tagged release, and rightly: the commit with that tag is the one that raises the version.
SNAPSHOT = $(if $(filter $(COMMIT),$(TAGGED)),,$(shell date -u -d @$(COMMITTED) +.%Y%m%dgit$(COMMIT) | cut -c-19))
SCRATCH = scratch=$$(mktemp -d); trap 'rm -rf "$$scratch"' EXIT; trap 'exit 1' HUP INT TERM

.PHONY: help demo check check-live capture lint test fuzz mutants bench readme-tools install uninstall dist rpm clean

help:
	@sed -n -e 's/^## /\n/p' -e 's/^\([a-z-]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 22

## Try it
demo: ## show what the hook does to a vNIC whose profile says extnet=glitter (1 s)
	@$(PYTHON) tests/tools/demo.py

## Develop it
check: lint test ## pass the suite, with every Python from 3.6 on of this machine (30 s; 1 min the first time)

# The lab needs Debian and root, so pytest does not collect it, and it has a command of its own.
check-live: $(VENV)/installed ## show it with libvirt and guests, VDSM=/ with that Vdsm (6 min; Debian, root)
	@VDSM='$(VDSM)' $(VENV)/bin/python tests/lab

# Only Vdsm itself can say what it hands over, so nothing stands in for it here.
capture: $(VENV)/installed ## rewrite the cases that tests/vnics has of a Vdsm, VDSM=/ (1 min; Debian, root)
	$(if $(VDSM),,$(error VDSM= has to name the root folder of a Vdsm, / on an oVirt host))
	@VDSM='$(VDSM)' $(VENV)/bin/python tests/lab --capture-vnics -k 'captured and not migration'

# vermin looks at the hook alone, which hosts run with Python 3.6. ansible-lint is in .venv only after
# make readme-tools; it finds Ansible in the PATH, and asks for Engine's address.
lint: $(VENV)/installed
	@$(VENV)/bin/ruff check --quiet
	@$(VENV)/bin/ruff format --quiet --check
	@$(VENV)/bin/vermin --quiet --no-tips --violations -t=3.6- 50_extnet
	@$(VENV)/bin/codespell --quiet-level 3 --check-hidden --skip .git,$(VENV),.hypothesis,.ruff_cache,build
	@[ ! -e $(VENV)/readme ] || OVIRT_URL=https://engine.example.com/ovirt-engine/api \
		ANSIBLE_HOME=build/ansible PATH="$$PWD/$(VENV)/bin:$$PATH" \
		ansible-lint -q --offline --strict tests/shipped/*.yml

# In processes of pytest's own (-n): a hook that ends the process that loads it fails the suite.
test: $(VENV)/installed
	@$(VENV)/bin/pytest -n auto --dist worksteal

# Other inputs at each run; what finds a fault stops it.
fuzz: $(VENV)/installed ## try it with new inputs every time (INPUTS=100000: 6 min)
	@FUZZ=$(INPUTS) $(VENV)/bin/pytest -n auto -x tests/hook/test_any_input.py

# Each change is tried in a fresh copy of the repository: edit nothing in it meanwhile.
mutants: $(VENV)/installed ## change it in small ways: does a test fail each time? (9 min)
	@$(VENV)/bin/python tests/tools/mutants.py

# With the machine's own Pythons, as the hook runs with them: it needs no .venv.
bench: ## measure what a call costs (PYTHONS=interpreters; 10 s each)
	@$(PYTHON) tests/tools/bench.py $(PYTHONS)

# .venv does without them at first, because oVirt's SDK takes a C compiler.
readme-tools: $(VENV)/readme ## add to .venv what the playbooks are tried with (2 min)

# A file in .venv marks what has been installed. Where a requirements file is newer, make starts over.
$(VENV)/installed: tests/requirements.txt
	@echo 'making $(VENV), once'
	@$(PYTHON) -m venv --clear $(VENV)
	@$(PIP) -r $<
	@touch $@

$(VENV)/readme: tests/requirements-readme.txt $(VENV)/installed
	@$(PIP) --no-compile -r $<
	@touch $@

clean: ## remove what the others have made here
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

# Vdsm and systemd own the other folders.
uninstall: ## remove them from there
	rm -f $(addsuffix /50_extnet,$(addprefix $(HOOKS)/,before_device_create $(LINKED)))
	rm -f $(addprefix $(DESTDIR)$(DATADIR)/,$(NETWORKS)) $(DESTDIR)$(UNITDIR)/$(UNIT)
	[ ! -d $(DESTDIR)$(DATADIR) ] || rmdir --ignore-fail-on-non-empty $(DESTDIR)$(DATADIR)

# The source archive of the last commit. .git is looked for here, since git would also find that of
# another repository around an unpacked archive.
dist:
	$(if $(and $(wildcard .git),$(VERSION)),,$(error this is not a git clone of extnet. Run \
		rpmbuild -ta $(PACKAGE)-*.tar.gz to make packages from an archive))
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

# Whoever runs it, wherever and whenever, one rpm makes the same bytes from one commit. Debian's rpm
# knows of no installed packages, hence --nodeps; mock and dnf do look at BuildRequires.
RPMBUILD = SOURCE_DATE_EPOCH=$(COMMITTED) rpmbuild --quiet --nodeps \
	--define "_topdir $$scratch" --define "_srcrpmdir $$scratch" --define "_rpmdir $$scratch" \
	--define '_rpmfilename %%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm' \
	--define '_docdir_fmt %%{NAME}' \
	--define '_srcdefattr (0644,root,root)' \
	--define '_buildhost localhost' \
	--define 'use_source_date_epoch_as_buildtime 1' \
	--define 'clamp_mtime_to_source_date_epoch 1' \
	--define 'build_mtime_policy clamp_to_source_date_epoch' # since rpm 4.20

# The source RPM holds the spec with its macros expanded. None of them may name a folder that is
# different from one build to the next.
rpm: dist ## build the source and the binary RPM of the last commit, in build/
	@set -e; $(SCRATCH); rm -f build/*.rpm; clone=$$PWD; cd "$$scratch"; \
	ln -s "$$clone/build/$(ARCHIVE).tar.gz" .; \
	tar -xzf $(ARCHIVE).tar.gz --strip-components=1 $(ARCHIVE)/$(SPEC); \
	$(RPMBUILD) -bs --define '_sourcedir .' \
		--define '_builddir /var/tmp' --define '_buildrootdir /var/tmp' $(SPEC); \
	$(RPMBUILD) --define "_tmppath $$scratch" --rebuild $(ARCHIVE)-*.src.rpm; \
	mv *.rpm "$$clone/build"; \
	cd "$$clone"; ls build/*.rpm
