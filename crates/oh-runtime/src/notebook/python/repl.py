"""A small kernel for a Python that has no ipykernel.

It reads cells from a socket, one JSON object in a line, and answers with pairs of a kind and a value.
What cells print goes to standard output as it is. A result, a picture and a traceback go through the
socket, and a marker in what is printed says where a picture belongs.
"""

import ast
import asyncio
import base64
import inspect
import io
import json
import linecache
import os
import select
import shlex
import signal
import socket
import subprocess
import sys
import threading
import time
import traceback
import types

# The module of the cells, as it is for a program that is run.
module = types.ModuleType("__main__")
names = vars(module)
FOLDER = os.path.dirname(os.path.abspath(__file__))
INPUT = (
    "the notebook has no standard input: put the answer into the code, or run the program in the"
    " shell, which takes input"
)


class Channel:
    """The socket, and the place of displays in what is printed."""

    def __init__(self, descriptor, marker):
        self.socket = socket.socket(fileno=descriptor)
        self.marker = marker.encode()
        self.received = b""

    def say(self, kind, value):
        self.socket.sendall(json.dumps([kind, value]).encode() + b"\n")

    def display(self, data):
        sys.stdout.flush()
        self.say("display", data)
        os.write(1, self.marker)

    def next_cell(self):
        """Waits for a cell; `None` means that there will be none."""
        while b"\n" not in self.received:
            data = self.socket.recv(64 * 1024)
            if not data:
                return None
            self.received += data
        line, self.received = self.received.split(b"\n", 1)
        return json.loads(line)

    def end_with_it(self):
        """Ends this process when nobody listens any more, whatever it does."""
        poller = select.poll()
        poller.register(self.socket.fileno(), 0)
        poller.poll()
        os._exit(0)


class Magic:
    """Lines that are not Python but are known from IPython."""

    def run(self, text):
        if text.startswith("!"):
            return system(text[1:])
        word, _, rest = text[1:].partition(" ")
        action = getattr(self, "line_" + word, None)
        if action is None:
            raise unknown("%" + word, [name[5:] for name in dir(self) if name.startswith("line_")])
        return action(rest.strip())

    def line_pip(self, rest):
        import importlib

        command = [sys.executable, "-m", "pip", *shlex.split(rest)]
        if not subprocess.call(command):
            importlib.invalidate_caches()

    def line_cd(self, rest):
        os.chdir(os.path.expanduser(rest or "~"))
        print(os.getcwd())

    def line_pwd(self, _):
        return os.getcwd()

    def line_env(self, rest):
        name, is_set, value = rest.partition("=")
        if not is_set:
            return os.environ.get(name.strip()) if name.strip() else dict(os.environ)
        os.environ[name.strip()] = value.strip()

    def line_run(self, rest):
        import runpy

        sys.argv = shlex.split(rest)
        names.update(runpy.run_path(sys.argv[0], run_name="__main__"))

    def line_time(self, rest):
        begin, used = time.perf_counter(), time.process_time()
        value = run_code(rest, "<time>")
        spent = time.perf_counter() - begin
        print("CPU time: %.3g s, wall time: %.3g s" % (time.process_time() - used, spent))
        return value

    def line_matplotlib(self, _):
        """Pictures are always shown."""

    def cell(self, text):
        first, _, body = text.partition("\n")
        word, _, rest = first[2:].partition(" ")
        if word in ("bash", "sh"):
            names["_exit_code"] = subprocess.call([word, "-c", body])
            return None
        if word == "time":
            return self.line_time(body)
        if word == "writefile":
            with open(os.path.expanduser(rest.strip()), "w") as file:
                file.write(body)
            print("Wrote", rest.strip())
            return None
        raise unknown("%%" + word, ["bash", "sh", "time", "writefile"])


def unknown(word, known):
    known = ", ".join(known)
    return NameError(
        "the small notebook has no magic `%s`, only %s; `%%pip install ipykernel` gets all of"
        " IPython's for the next kernel" % (word, known)
    )


def system(command):
    """Runs a command of a shell; what it prints is seen at once."""
    names["_exit_code"] = subprocess.call(["bash", "-c", command])


def without_magic(code):
    """Turns lines that only IPython knows into calls."""
    lines = code.split("\n")
    while True:
        text = "\n".join(lines)
        try:
            ast.parse(text)
            return text
        except SyntaxError as error:
            number = (error.lineno or 1) - 1
            line = lines[number] if number < len(lines) else ""
            inner = line.strip()
            if not inner.startswith(("%", "!")):
                return text
            indent = line[: len(line) - len(line.lstrip())]
            lines[number] = "%s__notebook_magic__(%r)" % (indent, inner)


def run_code(code, name):
    """Runs `code` and returns the value of its last line if that is an expression."""
    tree = ast.parse(code, name)
    last = None
    if tree.body and isinstance(tree.body[-1], ast.Expr):
        last = ast.Expression(tree.body.pop().value)
    value = None
    for part, mode in ((tree, "exec"), (last, "eval")):
        if part is not None:
            flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
            compiled = compile(part, name, mode, flags=flags, dont_inherit=True)
            value = eval(compiled, names)
            if compiled.co_flags & inspect.CO_COROUTINE:
                value = wait_for(value)
    is_shown = last is not None and not code.rstrip().endswith(";")
    return value if is_shown else None


def wait_for(coroutine):
    global loop
    if loop is None:
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
    task = loop.create_task(coroutine)
    try:
        return loop.run_until_complete(task)
    except KeyboardInterrupt:
        task.cancel()
        loop.run_until_complete(asyncio.gather(task, return_exceptions=True))
        raise


def bundle(value):
    """Returns what shows `value`, by media type."""
    data = {"text/plain": repr(value)}
    for kind, method in (("image/png", "_repr_png_"), ("image/jpeg", "_repr_jpeg_")):
        picture = getattr(type(value), method, lambda _: None)(value)
        if isinstance(picture, bytes):
            data[kind] = base64.b64encode(picture).decode()
    if type(value).__module__ == "matplotlib.figure":
        data["image/png"] = draw(value)
    return data


def draw(figure):
    file = io.BytesIO()
    figure.savefig(file, format="png", bbox_inches="tight")
    return base64.b64encode(file.getvalue()).decode()


def display(*values):
    """Shows values where they stand in the output."""
    for value in values:
        channel.display(bundle(value))


def show_figures():
    """Shows the figures that are open, and closes them."""
    backend = sys.modules.get("notebook_figures")
    if backend is not None:
        for figure in backend.take_figures():
            display(figure)


class NoInput(io.TextIOBase):
    """A standard input that says why there is none."""

    def read(self, *_):
        raise EOFError(INPUT)

    readline = read


def words_of(error):
    """Returns the traceback without what is ours."""
    if isinstance(error, SystemExit):
        return "SystemExit: %s\n[The notebook goes on.]" % error.code
    trace = error.__traceback__
    while trace is not None and is_ours(trace.tb_frame.f_code.co_filename):
        trace = trace.tb_next
    told = traceback.TracebackException(type(error), error, trace)
    if told.stack:
        told.stack = traceback.StackSummary.from_list(
            [frame for frame in told.stack if not is_ours(frame.filename)]
        )
    return "".join(told.format()).rstrip()


def is_ours(path):
    return path in (__file__, ast.__file__)


def run_cell(cell, number):
    """Runs a cell and says what came of it; returns whether it went well."""
    code = cell["code"]
    name = "<setup>" if cell["is_quiet"] else "<cell %d>" % number
    lines = code.splitlines(keepends=True)
    linecache.cache[name] = (len(code), None, lines, name)
    try:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        if code.startswith("%%"):
            value = magic.cell(code)
        else:
            value = run_code(without_magic(code), name)
        show_figures()
        if value is not None:
            names["_"] = value
            channel.say("result", bundle(value))
        return True
    except BaseException as error:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        channel.say("result", {"text/plain": words_of(error)})
        return False
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except (AttributeError, OSError, ValueError):
                pass  # The cell has replaced or closed it.


def prepare():
    """Makes the place of the cells like that of an interpreter that somebody sits at."""
    sys.path[0] = ""
    # What matplotlib is told to draw with.
    sys.path.append(os.path.join(FOLDER, "lib"))
    os.environ["MPLBACKEND"] = "module://notebook_figures"
    sys.argv = [""]
    sys.stdin = NoInput()
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    names.update(display=display, __notebook_magic__=magic.run)
    sys.modules["__main__"] = module
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=channel.end_with_it, daemon=True).start()


def main():
    prepare()
    number = 0
    while True:
        cell = channel.next_cell()
        if cell is None:
            return
        number += not cell["is_quiet"]
        try:
            is_good = run_cell(cell, number)
        except KeyboardInterrupt:
            is_good = False
        channel.say("done", is_good)


loop = None
channel = Channel(int(sys.argv[1]), sys.argv[2])
magic = Magic()
# It would run again in a process that `multiprocessing` starts.
if __name__ == "__main__":
    main()
