# SPDX-License-Identifier: GPL-2.0-or-later
"""What is in the packages, as rpm and rpmlint see it."""

import re

from building import NAME, git, plain
from hook import TESTS


def query(package, form, *options):
    """Return the lines that rpm makes of a package file and a query format."""
    return plain("rpm", "-qp", *options, "--qf", form, package).stdout.splitlines()


def test_the_package_has_these_files_modes_owners_and_links(package):
    form = r"[%{FILEMODES:perms} %{FILEUSERNAME} %{FILEGROUPNAME} %{FILENAMES} %{FILELINKTOS}\n]"
    files = [line.rstrip() for line in query(package, form)]
    hooks, data = "/usr/libexec/vdsm/hooks", f"/usr/share/{NAME}"
    doc, licenses = f"/usr/share/doc/{NAME}", f"/usr/share/licenses/{NAME}"
    link = "../before_device_create/50_extnet"
    assert sorted(files, key=lambda line: line.split()[3]) == [
        "-rw-r--r-- root root /usr/lib/systemd/system/extnet-route@.service",
        f"-rwxr-xr-x root root {hooks}/before_device_create/50_extnet",
        f"lrwxrwxrwx root root {hooks}/before_nic_hotplug/50_extnet {link}",
        f"lrwxrwxrwx root root {hooks}/before_update_device/50_extnet {link}",
        f"drwxr-xr-x root root {doc}",
        f"-rw-r--r-- root root {doc}/README.md",
        f"drwxr-xr-x root root {licenses}",
        f"-rw-r--r-- root root {licenses}/LICENSE",
        f"drwxr-xr-x root root {data}",
        f"-rw-r--r-- root root {data}/glitter.xml",
        f"-rw-r--r-- root root {data}/macvtap_net.xml",
        f"-rw-r--r-- root root {data}/ovs_net.xml",
    ]
    assert query(package, "", "--docfiles") == [f"{doc}/README.md"]
    assert query(package, "", "--licensefiles") == [f"{licenses}/LICENSE"]


def test_the_package_requires_vdsm_and_python_and_runs_no_script(build):
    package, source = build
    assert query(package, r"%{ARCH} %{LICENSE}\n") == ["noarch GPL-2.0-or-later"]
    required = {line for line in query(package, "", "--requires") if not line.startswith("rpmlib(")}
    assert required == {"vdsm >= 4.40", "/usr/bin/python3"}
    assert query(package, "", "--scripts", "--triggers", "--filetriggers") == []
    assert {"make", "python3-devel"} <= set(query(source, "", "--requires"))


def test_only_the_newest_entry_of_the_changelog_repeats_the_version(origin, version):
    alone = rf"(?<![\d.=]){re.escape(version)}(?![\d.])"
    found = git(origin, "grep", "--perl-regexp", "--no-line-number", alone).splitlines()
    newest = (origin / f"{NAME}.spec").read_text().split("\n%changelog\n")[1].splitlines()[0]
    assert newest.endswith(f" extnet maintainers <extnet@example.org> - {version}-1")
    assert found == [f"{NAME}.spec:Version:        {version}", f"{NAME}.spec:{newest}"]


def test_rpmlint_finds_nothing(origin, build):
    settings, linted = TESTS / "package" / "rpmlint.toml", [origin / f"{NAME}.spec", *build]
    said = plain("rpmlint", "--config", settings, *linted, status=None).stdout
    assert " 2 packages and 1 specfiles checked; 0 errors, 0 warnings, " in said, said
