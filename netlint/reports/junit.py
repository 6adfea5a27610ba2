"""JUnit's XML: a test suite a file, in it a test case a finding, or one that passed where there is none.

There is no standard; what is written is the part that Jenkins, GitLab and the readers of Ant's format agree on. All but ASCII is
escaped, so that a terminal's encoding does not matter.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import groupby
from pathlib import PurePath
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from netlint.engine.diagnostic import Diagnostic
from netlint.engine.notices import NOT_CHECKED
from netlint.engine.run import Report
from netlint.reports.places import Places

_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot hold, escaped or not."""


def render(report: Report, places: Places, files: Sequence[str]) -> str:
    """The report as XML; `files` are the names of those that were checked."""
    found = {name: list(findings) for name, findings in groupby(report.findings, key=lambda finding: finding.filename)}
    suites = Element("testsuites", name="netlint")
    for name in sorted({*files, *found}):
        suite = _element(suites, "testsuite", name=name)
        for finding in found.get(name, ()):
            _add_case(suite, finding, places)
        if name not in found:
            _element(suite, "testcase", name="checked", classname=_class_of(name), file=name, time="0")
        _count(suite, suite)
    if report.problems:
        suite = _element(suites, "testsuite", name="targets")
        for problem in report.problems:
            case = _element(suite, "testcase", name=problem, classname="targets", time="0")
            _element(case, "error", message=problem, type="error").text = _allowed(problem)
        _count(suite, suite)
    _count(suites, *suites)
    ElementTree.indent(suites)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ElementTree.tostring(suites, encoding="us-ascii").decode()}\n'


def _add_case(suite: Element, finding: Diagnostic, places: Places) -> None:
    start = finding.location
    row = {"line": str(places.row(finding))} if finding.frontend != "onnx" else {}
    place = f"{finding.filename}:{start.row}:{start.column}" if places.has_lines(finding) else finding.filename
    where = f"{start.row}:{start.column}" if places.has_lines(finding) else places.part(finding)
    title = f"{finding.code} {finding.name} {where}".rstrip()  # readers take cases of one name for one
    case = _element(suite, "testcase", name=title, classname=_class_of(finding.filename), file=finding.filename, **row, time="0")
    lines = [f"{place}: {finding.code} {finding.name}", places.message(finding)]
    lines += [f"in: {finding.symbol}"] if finding.symbol else []
    lines += [f"fix: {finding.fix.message}"] if finding.fix is not None and finding.fix.edits else []
    kind = "error" if finding.code == NOT_CHECKED.code else "failure"
    _element(case, kind, message=places.message(finding), type=finding.severity.value).text = _allowed("\n".join(lines))


def _class_of(filename: str) -> str:
    """The path without its suffix: readers take a dot for the end of a package."""
    path = PurePath(filename)
    return path.as_posix().removesuffix(path.suffix)


def _count(element: Element, *suites: Element) -> None:
    """The totals of some suites as attributes of an element."""
    element.set("tests", str(sum(len(suite.findall("testcase")) for suite in suites)))
    for kind in ("failure", "error"):
        element.set(f"{kind}s", str(sum(len(suite.findall(f"testcase/{kind}")) for suite in suites)))
    element.set("skipped", "0")
    element.set("time", "0")


def _element(parent: Element, tag: str, **attributes: str) -> Element:
    return SubElement(parent, tag, {name: _allowed(value) for name, value in attributes.items()})


def _allowed(text: str) -> str:
    return _NO_XML.sub("\N{REPLACEMENT CHARACTER}", text)
