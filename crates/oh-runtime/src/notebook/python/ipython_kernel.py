"""Starts a kernel of ipykernel that suits the notebook: `ipython_kernel.py MARKER OPTION…`."""

import os
import sys

# The folder of this file holds nothing that a cell should import.
del sys.path[0]

from ipykernel import iostream, kernelapp  # noqa: E402


class Publisher(iostream.IOPubThread):
    """Takes nothing from forked processes, for which it would listen at a port of TCP."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **{**options, "pipe": False})


def main():
    marker = sys.argv[1].encode()
    kernelapp.IOPubThread = Publisher
    kernel = kernelapp.IPKernelApp.instance()
    kernel.initialize(sys.argv[2:])

    def mark(message):
        """Leaves a mark in what is printed, since a display goes another way."""
        if message["header"]["msg_type"] in ("display_data", "update_display_data"):
            sys.stdout.flush()
            os.write(1, marker)
        return message

    kernel.shell.display_pub.register_hook(mark)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8", errors="backslashreplace", write_through=True)
    kernel.start()


main()
