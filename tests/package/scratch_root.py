# SPDX-License-Identifier: GPL-2.0-or-later
"""The root folder of a host, made from nothing: the real dnf and rpm install packages in it."""

import os

from building import NAME, plain


class ScratchRoot:
    """A folder in which dnf and rpm find a host's files, and in which all that they write stays."""

    def __init__(self, path):
        """Take the path of the folder."""
        self.path = path

    def write(self, name, text):
        """Append to a file in it."""
        (self.path / name).parent.mkdir(parents=True, exist_ok=True)
        with (self.path / name).open("a") as file:
            file.write(text)

    def execute(self, *command, **options):
        """Run a command that acts on it; as root, of a user namespace where we are not root."""
        as_root = [] if os.geteuid() == 0 else ["unshare", "--map-root-user"]
        return plain(*as_root, *command, env={"HOME": f"{self.path}/root"}, **options)

    def dnf(self, *arguments, **options):
        """Run dnf on it, with yes for an answer."""
        here = ["--noplugins", f"--installroot={self.path}", "--releasever=9"]
        return self.execute("dnf", "--assumeyes", *here, *arguments, **options)

    def rpm(self, *arguments, **options):
        """Run rpm on it."""
        return self.execute("rpm", "--root", self.path, *arguments, **options)

    @property
    def hook(self):
        """Return the version and release of the installed hook."""
        return self.rpm("-q", "--qf", "%{VERSION}-%{RELEASE}", NAME).stdout
