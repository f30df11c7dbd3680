# SPDX-License-Identifier: GPL-2.0-or-later

PYTHON = python3
HOOKSDIR = /usr/libexec/vdsm/hooks
DESTDIR =

VENV = .venv
HOOKS = $(DESTDIR)$(HOOKSDIR)
LINKED = before_nic_hotplug before_update_device

.PHONY: help demo check lint test install uninstall clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /make \1\t/p' $(MAKEFILE_LIST) | expand -t 18

demo: ## show what the hook does to a vNIC whose profile says extnet=glitter
	@$(PYTHON) tests/demo.py

check: lint test ## run the whole suite, from linters to every Python on this machine

lint: $(VENV)/installed
	$(VENV)/bin/ruff check --config tests/ruff.toml . 50_extnet
	$(VENV)/bin/ruff format --config tests/ruff.toml --check . 50_extnet
	$(VENV)/bin/vermin --no-tips --violations -t=3.6- 50_extnet

test: $(VENV)/installed
	$(VENV)/bin/pytest -c tests/pytest.ini tests

$(VENV)/installed: tests/requirements.txt
	$(PYTHON) -m venv --clear $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check -r tests/requirements.txt
	touch $@

install: ## install the hook in Vdsm's three hook points (DESTDIR, HOOKSDIR)
	install -d $(HOOKS)/before_device_create $(addprefix $(HOOKS)/,$(LINKED))
	install -p -m 0755 50_extnet $(HOOKS)/before_device_create/50_extnet
	for point in $(LINKED); do \
		ln -sfn ../before_device_create/50_extnet $(HOOKS)/$$point/50_extnet || exit 1; \
	done

uninstall: ## remove the hook from there
	rm -f $(addsuffix /50_extnet,$(addprefix $(HOOKS)/,before_device_create $(LINKED)))

clean: ## remove what the other targets have made here
	rm -rf $(VENV) build .hypothesis .ruff_cache
