# SPDX-License-Identifier: GPL-2.0-or-later
"""The package: what `make rpm` builds, and what it does on a host, with the real rpm and rpmbuild.

The host is a scratch root that rpm fills. Its vdsm package, and the one that oVirt builds under our
package's name, are stand-ins made here, with the paths and the version of Vdsm 4.50.7's.
"""

import gzip
import os
import re
import shutil
import subprocess
import tarfile

import pytest
import vdsm
from hook import ON_GLITTER, POINTS, REPOSITORY, TESTS, VNIC

pytestmark = pytest.mark.skipif(
    not (all(map(shutil.which, ["git", "rpm", "rpmbuild"])) and (REPOSITORY / ".git").exists()),
    reason="needs a git clone, rpm and rpmbuild",
)

HOOKS = "/usr/libexec/vdsm/hooks"
NAME = "vdsm-hook-extnet"

# No tool but the system's, and no setting of git's but those that the tests need.
PLAIN = {
    "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
    "LC_ALL": "C.UTF-8",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_COUNT": "2",
    "GIT_CONFIG_KEY_0": "safe.directory",
    "GIT_CONFIG_VALUE_0": "*",
    "GIT_CONFIG_KEY_1": "init.defaultBranch",
    "GIT_CONFIG_VALUE_1": "main",
    "GIT_AUTHOR_NAME": "test",
    "GIT_AUTHOR_EMAIL": "test@example.org",
    "GIT_COMMITTER_NAME": "test",
    "GIT_COMMITTER_EMAIL": "test@example.org",
    "GIT_COMMITTER_DATE": "1000000000 +0000",  # no time at which a test runs
}

# oVirt's package of the same name has its hook as a file in two hook points, as of Vdsm 4.50.7;
# vdsm owns the hook points. The rest is what any host has from other packages.
OVIRT = f"""
Name: {NAME}
Version: 4.50.7
Release: 1
Summary: Stand-in for the package that oVirt builds
License: GPL-2.0-or-later
BuildArch: noarch
Requires: vdsm
%description
%{{summary}}.
%package -n vdsm
Summary: Stand-in for a host with Vdsm
Provides: /usr/bin/python3
%description -n vdsm
%{{summary}}.
%install
mkdir -p %{{buildroot}}/usr/share/doc %{{buildroot}}/usr/share/licenses
for point in {" ".join(POINTS)}; do mkdir -p %{{buildroot}}{HOOKS}/$point; done
for point in before_device_create before_nic_hotplug; do
    printf '#!/bin/sh\\nexit 0\\n' > %{{buildroot}}{HOOKS}/$point/50_extnet
done
%files
%attr(0755, root, root) {HOOKS}/*/50_extnet
%files -n vdsm
%dir /usr/share/doc
%dir /usr/share/licenses
%dir /usr/libexec/vdsm
%dir {HOOKS}
{chr(10).join(f"%dir {HOOKS}/{point}" for point in POINTS)}
"""


def run(*command, cwd=None, check=True, **environ):
    """Run a command with a plain environment; return what it did, output as text."""
    command = list(map(str, command))
    environ = {**PLAIN, **environ}
    done = subprocess.run(
        command, cwd=cwd, env=environ, capture_output=True, text=True, check=False
    )
    assert not check or done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done


def query(package, form, *options):
    """Return the lines that rpm makes of a package file and a query format."""
    return run("rpm", "-qp", *options, "--qf", form, package).stdout.splitlines()


@pytest.fixture(scope="module", autouse=True)
def home(tmp_path_factory):
    """Keep out of the user's home, where Debian's rpm makes a database and rpmlint a folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(PLAIN, "HOME", str(tmp_path_factory.mktemp("home")))
        yield


@pytest.fixture(scope="module")
def origin(tmp_path_factory):
    """Return a git repository whose one commit holds the tracked files as they are now."""
    folder = tmp_path_factory.mktemp("origin")
    for name in run("git", "ls-files", "-z", cwd=REPOSITORY).stdout.split("\0"):
        if (REPOSITORY / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(REPOSITORY / name, folder / name)
    run("git", "init", cwd=folder)
    run("git", "add", "--all", "--force", cwd=folder)
    run("git", "commit", "--message", "All", cwd=folder)
    return folder


@pytest.fixture(scope="module")
def clone(origin, tmp_path_factory):
    """Return a function that makes a fresh clone."""

    def fresh():
        folder = tmp_path_factory.mktemp("clone") / "extnet"
        run("git", "clone", origin, folder)
        return folder

    return fresh


@pytest.fixture(scope="module")
def build(clone):
    """Return the folder, and the output, of `make rpm` in a fresh clone."""
    folder = clone()
    return folder / "build", run("make", "rpm", cwd=folder)


@pytest.fixture(scope="module")
def version(origin):
    """Return the version that the spec states."""
    return re.search(r"^Version: +(.+)$", (origin / f"{NAME}.spec").read_text(), re.M)[1]


@pytest.fixture(scope="module")
def release(version):
    """Return the version and release of the packages, as this system's rpm makes it."""
    return f"{version}-{run('rpm', '--eval', '1%{?dist}').stdout.strip()}"


@pytest.fixture(scope="module")
def package(build, release):
    """Return the binary package."""
    return build[0] / f"{NAME}-{release}.noarch.rpm"


@pytest.fixture(scope="module")
def source(build, release):
    """Return the source package."""
    return build[0] / f"{NAME}-{release}.src.rpm"


def test_a_fresh_clone_gives_the_archive_and_both_packages(build, version, release):
    folder, done = build
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        [f"{NAME}-{version}.tar.gz", f"{NAME}-{release}.noarch.rpm", f"{NAME}-{release}.src.rpm"]
    )
    assert "not committed" not in done.stderr
    assert run("git", "status", "--porcelain", cwd=folder.parent).stdout == ""


def test_another_clone_gives_the_same_bytes(build, clone):
    again = clone()
    run("sh", "-c", "umask 077 && make rpm", cwd=again, TZ="Asia/Tokyo", SOURCE_DATE_EPOCH="1")
    for path in build[0].iterdir():
        assert path.read_bytes() == (again / "build" / path.name).read_bytes(), path.name


def test_the_only_time_in_a_package_is_the_commits(build, package, source):
    committed = run("git", "log", "-1", "--format=%ct", cwd=build[0].parent).stdout.strip()
    for path in package, source:
        assert query(path, r"%{BUILDTIME} %{BUILDHOST}\n") == [f"{committed} localhost"]
        assert set(query(path, r"[%{FILEMTIMES}\n]")) == {committed}


def test_the_archive_is_the_tracked_files(build, origin, version):
    archive = build[0] / f"{NAME}-{version}.tar.gz"
    assert archive.read_bytes()[3:8] == bytes(5), "gzip's header has a name or a time"
    with tarfile.open(archive) as tar:
        members = [member for member in tar.getmembers() if not member.isdir()]
        names = [member.name for member in members]
        hook = tar.extractfile(f"{NAME}-{version}/50_extnet").read()
    tracked = run("git", "ls-files", "-z", cwd=origin).stdout.split("\0")[:-1]
    assert names == sorted(f"{NAME}-{version}/{name}" for name in tracked)
    assert {(member.uname, member.mode & 0o022) for member in members} == {("root", 0)}
    assert hook == (REPOSITORY / "50_extnet").read_bytes()


def test_what_is_not_committed_is_left_out_with_a_warning(clone, version):
    folder = clone()
    (folder / "LICENSE").write_text("changed\n")
    (folder / "new").write_text("new\n")
    done = run("make", "dist", cwd=folder)
    assert done.stderr.startswith(" M LICENSE\n?? new\nwarning: ")
    with gzip.open(folder / "build" / f"{NAME}-{version}.tar.gz") as archive:
        content = archive.read()
    assert b"changed\n" not in content
    assert f"{NAME}-{version}/new".encode() not in content


def test_the_package_has_these_files_modes_owners_and_links(package):
    form = r"[%{FILEMODES:perms} %{FILEUSERNAME} %{FILEGROUPNAME} %{FILENAMES} %{FILELINKTOS}\n]"
    files = [line.rstrip() for line in query(package, form)]
    link = "../before_device_create/50_extnet"
    assert files == [
        f"-rwxr-xr-x root root {HOOKS}/before_device_create/50_extnet",
        f"lrwxrwxrwx root root {HOOKS}/before_nic_hotplug/50_extnet {link}",
        f"lrwxrwxrwx root root {HOOKS}/before_update_device/50_extnet {link}",
        f"drwxr-xr-x root root /usr/share/doc/{NAME}",
        f"-rw-r--r-- root root /usr/share/doc/{NAME}/README.md",
        f"drwxr-xr-x root root /usr/share/licenses/{NAME}",
        f"-rw-r--r-- root root /usr/share/licenses/{NAME}/LICENSE",
    ]
    assert query(package, "", "--docfiles") == [f"/usr/share/doc/{NAME}/README.md"]
    assert query(package, "", "--licensefiles") == [f"/usr/share/licenses/{NAME}/LICENSE"]


def test_the_package_requires_vdsm_and_python_and_runs_no_script(package, source, release):
    assert query(package, r"%{ARCH} %{LICENSE}\n") == ["noarch GPL-2.0-or-later"]
    assert query(package, r"[%{CHANGELOGNAME}\n]")[0].endswith(f"> - {release}")
    required = {line for line in query(package, "", "--requires") if not line.startswith("rpmlib(")}
    assert required == {"vdsm", "/usr/bin/python3"}
    assert query(package, "", "--scripts", "--triggers") == []
    assert {"make", "python3-devel"} <= set(query(source, "", "--requires"))


def test_the_version_stands_in_one_place(origin, version):
    alone = re.compile(rf"(?<![\d.=]){re.escape(version)}(?![\d.])")
    places = [
        (path.name, line)
        for path in origin.rglob("*")
        if path.is_file() and ".git" not in path.parts
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines()
        if alone.search(line)
    ]
    assert [(name, line.split()[0]) for name, line in places] == [(f"{NAME}.spec", "Version:")]


def test_a_hook_that_fails_the_sample_is_not_packaged(clone):
    folder = clone()
    (folder / "50_extnet").write_text("#!/usr/bin/python3 -IS\n")
    run("git", "commit", "--all", "--message", "Do nothing", cwd=folder)
    assert run("make", "rpm", cwd=folder, check=False).returncode != 0
    assert not list((folder / "build").glob("*.noarch.rpm"))


# What EL 8's brp-mangle-shebangs does to this shebang, and how redhat-rpm-config has it run, there
# as in Fedora: as long as the macro of its name is defined.
MANGLE = (
    "find %{buildroot} -name 50_extnet -type f"
    " -exec sed -i '1s:/usr/bin/python3:/usr/libexec/platform-python:' {} +"
)
LIKE_EL = {"__brp_mangle_shebangs": MANGLE, "__os_install_post": "%{?__brp_mangle_shebangs}"}
UNAVOIDABLE = {"__os_install_post": MANGLE}


@pytest.mark.parametrize(("macros", "status"), [(LIKE_EL, 0), (UNAVOIDABLE, 1)])
def test_there_is_no_package_with_another_shebang(source, tmp_path, macros, status):
    """Turned off where the spec can do that; elsewhere %check ends the build."""
    macros = {"_topdir": tmp_path, **macros}
    defined = [word for name, body in macros.items() for word in ("--define", f"{name} {body}")]
    done = run("rpmbuild", "--nodeps", *defined, "--rebuild", source, check=False)
    assert done.returncode == status, done.stderr
    assert bool(status) == ("50_extnet differ" in done.stdout + done.stderr)


class Host:
    """A scratch root that rpm, without asking for more than to be root in there, can fill."""

    def __init__(self, root):
        """Make it at the path root, which does not exist yet."""
        self.root = root
        root.mkdir()

    def rpm(self, *arguments, check=True):
        """Run rpm on this root; as root, or else as root of a user namespace."""
        as_root = [] if os.geteuid() == 0 else ["unshare", "--map-root-user"]
        where = ["--root", self.root, "--dbpath", "/var/lib/rpm"]
        return run(*as_root, "rpm", *where, *arguments, check=check)

    def tree(self):
        """Return all that is there but rpm's own database: path, mode, link target, content."""
        return {
            (str(path.relative_to(self.root)), path.lstat().st_mode): path.readlink()
            if path.is_symlink()
            else path.is_file() and path.read_bytes()
            for path in self.root.rglob("*")
            if "rpm" not in path.relative_to(self.root).parts
        }


@pytest.fixture(scope="module")
def ovirt(tmp_path_factory):
    """Return oVirt's two packages, made here: vdsm and its hook of our package's name."""
    if os.geteuid() and run("unshare", "--map-root-user", "true", check=False).returncode:
        pytest.skip("rpm fills a scratch root for root only, and there are no user namespaces here")
    folder = tmp_path_factory.mktemp("ovirt")
    (folder / "ovirt.spec").write_text(OVIRT)
    run("rpmbuild", "--define", f"_topdir {folder}", "-bb", folder / "ovirt.spec", cwd=folder)
    packages = folder / "RPMS" / "noarch"
    return packages / "vdsm-4.50.7-1.noarch.rpm", packages / f"{NAME}-4.50.7-1.noarch.rpm"


@pytest.fixture(scope="module")
def upgraded(ovirt, package, tmp_path_factory):
    """Return a host that had Vdsm and oVirt's hook, and got ours by an upgrade."""
    host = Host(tmp_path_factory.mktemp("upgraded") / "root")
    host.rpm("-i", *ovirt)
    host.rpm("-U", package)
    return host


def test_an_upgrade_replaces_ovirts_package(upgraded, release):
    assert upgraded.rpm("-q", NAME).stdout == f"{NAME}-{release}.noarch\n"
    hook = upgraded.root / HOOKS[1:] / "before_device_create" / "50_extnet"
    assert hook.read_bytes() == (REPOSITORY / "50_extnet").read_bytes()
    assert hook.read_bytes().startswith(b"#!/usr/bin/python3 -IS\n")


def test_rpm_verifies_the_upgraded_package(upgraded):
    assert upgraded.rpm("-V", NAME, "vdsm").stdout == ""


def test_the_hook_points_are_vdsms_alone(upgraded):
    for point in POINTS:
        owner = upgraded.rpm("-qf", "--qf", r"%{NAME}\n", f"{HOOKS}/{point}").stdout
        assert owner == "vdsm\n"


@pytest.mark.parametrize("point", POINTS)
def test_the_installed_hook_rewrites_a_vnic(upgraded, point):
    after, _ = vdsm.run_hooks(upgraded.root / HOOKS[1:] / point, VNIC, {"extnet": "glitter"})
    assert after == ON_GLITTER


def test_ovirts_older_package_is_refused(upgraded, ovirt, release):
    done = upgraded.rpm("-U", ovirt[1], check=False)
    assert done.returncode != 0
    assert f"{NAME}-{release}.noarch (which is newer than {NAME}-4.50.7-1.noarch)" in done.stderr


def test_an_erased_package_leaves_nothing(ovirt, package, tmp_path):
    host = Host(tmp_path / "root")
    host.rpm("-i", ovirt[0])
    without = host.tree()
    host.rpm("-i", ovirt[1])
    host.rpm("-U", package)
    assert host.tree() != without
    host.rpm("-e", NAME)
    assert host.tree() == without


@pytest.mark.usefixtures("ovirt")
def test_vdsm_has_to_be_there(package, tmp_path):
    done = Host(tmp_path / "root").rpm("-i", package, check=False)
    assert done.returncode != 0
    assert f"vdsm is needed by {NAME}" in done.stderr


needs_rpmlint = pytest.mark.skipif(not shutil.which("rpmlint"), reason="needs rpmlint")
SETTINGS = TESTS / "package" / "rpmlint.toml"


@pytest.fixture(scope="module")
def lint(origin, source, package):
    """Return a function that runs rpmlint, on the spec and both packages, and returns its words."""
    linted = origin / f"{NAME}.spec", source, package
    return lambda *options: run("rpmlint", *options, *linted, check=False).stdout


@needs_rpmlint
def test_rpmlint_finds_nothing(lint):
    said = lint("--config", SETTINGS)
    assert " 2 packages and 1 specfiles checked; 0 errors, 0 warnings, " in said, said


@needs_rpmlint
def test_rpmlint_has_no_idle_filter(lint):
    filters = pytest.importorskip("tomllib").loads(SETTINGS.read_text())["Filters"]
    said = lint()
    assert [known for known in filters if not re.search(known, said)] == []
