"""Functions that every cell can call: to look through files, and to read documents."""

import fnmatch
import os

WINDOW = 100
MAX_MATCHES = 100

place = {"path": None, "line": 1}


def install(names):
    for function in HELPERS:
        names[function.__name__] = function


def read_lines(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read().splitlines()


def show_window():
    """Prints the lines around the current one."""
    if place["path"] is None:
        print("No file is open. Use open_file(path) first.")
        return
    lines = read_lines(place["path"])
    first = max(1, min(place["line"] - WINDOW // 2, len(lines) - WINDOW + 1))
    last = min(len(lines), first + WINDOW - 1)
    print("[File: %s (%d lines in all)]" % (place["path"], len(lines)))
    if first > 1:
        print("(%d lines above)" % (first - 1))
    for number in range(first, last + 1):
        print("%d|%s" % (number, lines[number - 1]))
    if last < len(lines):
        print("(%d lines below)" % (len(lines) - last))


def move_to(line):
    if place["path"] is None:
        show_window()
        return
    count = max(1, len(read_lines(place["path"])))
    if not 1 <= line <= count:
        print("Line %d is not in the file: it has lines 1 to %d." % (line, count))
        return
    place["line"] = line
    show_window()


def open_file(path, line_number=1):
    """Opens a file and shows the 100 lines around `line_number`."""
    path = os.path.abspath(os.path.expanduser(path))
    if not os.path.isfile(path):
        print("There is no file %s." % path)
        return
    place["path"] = path
    move_to(line_number)


def goto_line(line_number):
    """Shows the lines around `line_number` of the open file."""
    move_to(line_number)


def scroll_down():
    """Shows the next 100 lines of the open file."""
    scroll(WINDOW)


def scroll_up():
    """Shows the 100 lines before those of the open file."""
    scroll(-WINDOW)


def scroll(by):
    if place["path"] is not None:
        count = max(1, len(read_lines(place["path"])))
        place["line"] = max(1, min(place["line"] + by, count))
    show_window()


def files_below(folder):
    for parent, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            if not name.startswith("."):
                yield os.path.join(parent, name)


def show_matches(matches, term, where):
    if not matches:
        print('Nothing in %s holds "%s".' % (where, term))
        return
    print('[%d places in %s hold "%s"]' % (len(matches), where, term))
    for line in matches[:MAX_MATCHES]:
        print(line)
    if len(matches) > MAX_MATCHES:
        print("(%d more: search for something rarer)" % (len(matches) - MAX_MATCHES))


def search_dir(search_term, dir_path="./"):
    """Shows the lines below a folder that hold `search_term`; hidden files are left out."""
    if not os.path.isdir(dir_path):
        print("There is no folder %s." % dir_path)
        return
    matches = []
    for path in files_below(dir_path):
        try:
            with open(path, encoding="utf-8") as file:
                found = [(n, line) for n, line in enumerate(file, 1) if search_term in line]
        except (OSError, UnicodeDecodeError):
            continue
        matches += ["%s (line %d): %s" % (path, number, line.strip()) for number, line in found]
    show_matches(matches, search_term, dir_path)


def search_file(search_term, file_path=None):
    """Shows the lines of a file, by default the open one, that hold `search_term`."""
    path = file_path or place["path"]
    if path is None or not os.path.isfile(path):
        print("There is no file %s." % path if path else "No file is open. Name one.")
        return
    lines = enumerate(read_lines(path), 1)
    matches = ["Line %d: %s" % (n, line.strip()) for n, line in lines if search_term in line]
    show_matches(matches, search_term, path)


def find_file(file_name, dir_path="./"):
    """Shows the files below a folder whose name is, or holds, `file_name`."""
    if not os.path.isdir(dir_path):
        print("There is no folder %s." % dir_path)
        return
    pattern = "*%s*" % file_name
    paths = [p for p in files_below(dir_path) if fnmatch.fnmatch(os.path.basename(p), pattern)]
    show_matches(paths, file_name, dir_path)


def needed(module, package):
    """Returns a module, or says how to get it."""
    import importlib

    try:
        return importlib.import_module(module)
    except ImportError:
        raise ImportError("this needs %s: run `%%pip install %s`" % (package, package)) from None


def parse_pdf(file_path):
    """Prints the text of a PDF file."""
    pages = needed("pypdf", "pypdf").PdfReader(file_path).pages
    for number, page in enumerate(pages, 1):
        print("[Page %d of %d]" % (number, len(pages)))
        print(page.extract_text())


def parse_docx(file_path):
    """Prints the text of a Word document."""
    for paragraph in needed("docx", "python-docx").Document(file_path).paragraphs:
        print(paragraph.text)


def parse_latex(file_path):
    """Prints a LaTeX file as plain text."""
    reader = needed("pylatexenc.latex2text", "pylatexenc").LatexNodes2Text()
    with open(file_path, encoding="utf-8") as file:
        print(reader.latex_to_text(file.read()))


def parse_pptx(file_path):
    """Prints the text of a presentation."""
    slides = needed("pptx", "python-pptx").Presentation(file_path).slides
    for number, slide in enumerate(slides, 1):
        print("[Slide %d]" % number)
        for shape in slide.shapes:
            if shape.has_text_frame:
                print(shape.text_frame.text)


HELPERS = [
    open_file,
    goto_line,
    scroll_down,
    scroll_up,
    search_dir,
    search_file,
    find_file,
    parse_pdf,
    parse_docx,
    parse_latex,
    parse_pptx,
]
