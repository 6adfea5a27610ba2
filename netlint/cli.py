"""The command line: commands that parse their arguments, ask the engine, and print.

Heavy modules are imported inside the commands, so that `netlint --help` starts at once.
Exit codes: 0 nothing at or above `--fail-on` is left, 1 findings are, 2 wrong use, broken input or an internal error.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from netlint import __version__

if TYPE_CHECKING:
    from netlint.config import Configuration
    from netlint.engine.diagnostic import Diagnostic
    from netlint.engine.registry import Registry
    from netlint.engine.run import Report
    from netlint.engine.targets import ExampleInput, InputFile
    from netlint.fixes.proposal import Proposal
    from netlint.reports.terminal import Paint

OK, FINDINGS, BROKEN, INTERRUPTED = 0, 1, 2, 130
_CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


def run(arguments: Sequence[str]) -> int:
    """The exit code of a command line. Whatever goes wrong is one message on stderr, never a traceback (NETLINT_DEBUG=1 shows it)."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    try:
        code = main.main(list(arguments), prog_name="netlint", standalone_mode=False)
        sys.stdout.flush()
        return code if isinstance(code, int) else OK
    except click.ClickException as error:
        error.show()
        return BROKEN
    except (click.Abort, KeyboardInterrupt):
        _complain("interrupted")
        return INTERRUPTED
    except BrokenPipeError:  # the reader of our output has gone, as in `netlint check | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    except Exception as error:
        return _failed(error)


def _failed(error: Exception) -> int:
    from netlint.engine.errors import NetlintError

    if isinstance(error, NetlintError):
        _complain(str(error))
        return BROKEN
    if os.environ.get("NETLINT_DEBUG"):
        raise error
    _complain(f"internal error: {type(error).__name__}: {error}. Please report it; NETLINT_DEBUG=1 shows where it comes from")
    return BROKEN


def _complain(message: str) -> None:
    click.echo(f"netlint: {message}", err=True)


def _words(_: click.Context, __: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(word.strip() for value in values for word in value.split(",") if word.strip())


def _rules_option(name: str, help: str) -> Callable[[Any], Any]:
    return click.option(name, multiple=True, callback=_words, metavar="RULE[,...]", help=help)


_batch_size_option = click.option(
    "--batch-size", type=click.IntRange(min=1), metavar="N", help="The batch size in training, where the code does not say it."
)
_config_option = click.option(
    "--config", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="FILE", help="Use this settings file for everything."
)
_isolated_option = click.option("--isolated", is_flag=True, help="Ignore all settings files.")


def _examples(_: click.Context, __: click.Parameter, texts: tuple[str, ...]) -> tuple[ExampleInput, ...]:
    """Sizes such as `1,3,224,224`, with a dtype after a colon where it is not float32."""
    from netlint.engine.targets import ExampleInput

    found = []
    for text in texts:
        sizes, _colon, dtype = text.partition(":")
        try:
            shape = tuple(int(size) for size in sizes.split(",")) if sizes else ()
        except ValueError as error:
            raise click.BadParameter(f"`{text}`: sizes are whole numbers with commas between, such as 1,3,224,224") from error
        if any(size < 1 for size in shape):
            raise click.BadParameter(f"`{text}`: every size is at least 1")
        found.append(ExampleInput(shape, dtype or "float32"))
    return tuple(found)


_input_option = click.option(
    "--input",
    "inputs",
    multiple=True,
    callback=_examples,
    metavar="SIZES[:DTYPE]",
    help="The shape of an argument of forward, such as 1,3,224,224 or 1,16:int64 (repeatable).",
)


@click.group(context_settings=_CONTEXT)
@click.version_option(__version__, prog_name="netlint")
def main() -> None:
    """A linter for neural networks. Reads PyTorch source without running it, and checks the design of the networks in it.

    \b
    netlint check model.py          lint a file, a folder, or - for stdin
    netlint graph model.py:Net      the network as netlint sees it
    netlint rule NL501              what a rule says, and why
    """


@main.command()
@click.argument("targets", nargs=-1, metavar="[TARGET]...")
@_rules_option("--select", "Run only these rules (codes, prefixes such as NL4, names, or ALL).")
@_rules_option("--ignore", "Leave these rules out.")
@_rules_option("--extend-select", "Run these rules too.")
@click.option("--fix", "fix", is_flag=True, help="Write the safe fixes: those that are proved to change no result, weight or training.")
@click.option("--unsafe-fixes", is_flag=True, help="Write the unsafe fixes too: those that mean to change something.")
@click.option("--diff", "diff", is_flag=True, help="Show what would be written, and write nothing.")
@click.option("--interactive", is_flag=True, help="Ask for each fix.")
@click.option("--fail-on", type=click.Choice(["error", "warning", "advice"]), help="What makes the exit code 1.  [default: warning]")
@_batch_size_option
@_input_option
@click.option("--output-format", type=click.Choice(["text", "json"]), help="[default: text]")
@click.option(
    "--output-file", type=click.Path(dir_okay=False, writable=True, path_type=Path), metavar="FILE", help="Write the report there."
)
@click.option("--statistics", is_flag=True, help="Show how many findings each rule has, instead of the findings.")
@click.option("--jobs", type=click.IntRange(min=1), metavar="N", help="Processes to use.  [default: as many as pay off]")
@click.option("--no-cache", is_flag=True, help="Read everything afresh (this version keeps no cache, so it always does).")
@click.option("--exit-zero", is_flag=True, help="Exit 0 in spite of findings.")
@_config_option
@_isolated_option
@click.option("--quiet", "-q", is_flag=True, help="Print the counts only, and nothing when there are no findings.")
@click.option("--verbose", "-v", is_flag=True, help="Show advice in full, and all that could not be seen or evaluated.")
@click.option("--stdin-filename", metavar="FILE", help="The name of the source that comes on stdin.")
def check(targets: tuple[str, ...], **options: Any) -> int:
    """Lint files, folders and models.

    TARGET is a .py, .ipynb or .onnx file, a folder (walked; .gitignore is respected), or - for stdin; FILE.py:NAME picks one network of a
    file: a class, a builder function or a variable. Without TARGET: the current folder. Nothing that is read is imported or run.
    package.module:NAME, in contrast, is imported and run: a module class, a factory or an instance.
    """
    from netlint.engine.run import check as check_files
    from netlint.fixes import proposals

    configuration = _configuration(options)
    files, problems = _collected(targets or (".",), configuration, options["stdin_filename"])
    files = _with_inputs(files, options["inputs"])
    fixing = any(options[name] for name in ("fix", "unsafe_fixes", "diff", "interactive"))
    report = check_files(files, configuration.for_file, options["jobs"], problems, propose=proposals)
    if fixing and _fixed(files, report, configuration, options):
        report = check_files(files, configuration.for_file, options["jobs"], problems, propose=proposals)
    for message in (*configuration.warnings, *report.notes, *report.problems):
        _complain(message)
    if not files and not problems:
        _complain(f"no Python file, notebook or ONNX model in {', '.join(targets or ('.',))}: nothing was checked")
    if options["diff"]:
        return _exit_code(report, configuration, options["exit_zero"])
    home = files[0].path.parent if files else Path.cwd()
    _publish(report, options, configuration.for_folder(home).output_format)
    return _exit_code(report, configuration, options["exit_zero"])


def _fixed(files: Sequence[InputFile], report: Report, configuration: Configuration, options: dict[str, Any]) -> bool:
    """Fixes the source files that have something to fix; whether one was written."""
    from netlint.fixes import NotWritten, diff, write
    from netlint.fixes.session import fix_file
    from netlint.frontends.errors import SourceError
    from netlint.reports import fixes

    kinds = ("safe", "unsafe") if options["unsafe_fixes"] or options["interactive"] else ("safe",)
    fixable = {finding.filename for finding in report.findings if finding.fix is not None and finding.fix.applicability in kinds}

    def wanted(proposal: Proposal, diagnostic: Diagnostic) -> bool:
        key = (diagnostic.code, diagnostic.fingerprint)
        if key not in answers:
            answers[key] = click.confirm(fixes.question(proposal, diagnostic) + "\n  make it?", default=False, err=True)
        return answers[key]

    written = False
    for file in files:
        if file.filename not in fixable or file.kind != "source" or (file.text is not None and not options["diff"]):
            continue
        answers: dict[tuple[str, str], bool] = {}
        try:
            result = fix_file(file, configuration.for_file(file.path), kinds, wanted if options["interactive"] else None)
        except (SourceError, OSError) as error:
            _complain(f"{file.filename} was not fixed: {error}")
            continue
        if options["diff"]:
            click.echo(diff(result.before, result.source, file.filename), nl=False)
        elif result.changed:
            try:
                write(file.path, result.before, result.source)
                written = True
            except NotWritten as error:
                _complain(str(error))
                continue
        for line in fixes.told([result], "would fix" if options["diff"] else "fixed"):
            _complain(line)
    if any(file.text is not None for file in files) and not options["diff"]:
        _complain("what comes on stdin is not written anywhere; --diff shows its fixes")
    return written


def _configuration(options: dict[str, Any]) -> Configuration:
    from netlint.config import Configuration, Overrides

    overrides = Overrides(
        select=options.get("select") or None,
        extend_select=options.get("extend_select", ()),
        ignore=options.get("ignore", ()),
        fail_on=options.get("fail_on"),
        batch_size=options.get("batch_size"),
        output_format=options.get("output_format"),
    )
    configuration = Configuration(overrides, options.get("config"), bool(options.get("isolated")))
    configuration.for_folder(Path.cwd())  # a wrong option is an error even where there is nothing to check
    return configuration


def _collected(targets: Sequence[str], configuration: Configuration, stdin_filename: str | None) -> tuple[list[InputFile], list[str]]:
    from netlint.engine.targets import collect

    named = [target for target in targets if target != "-"]
    files, problems = collect(named, lambda path, folder: configuration.for_folder(path.parent).excludes(path, folder))
    return [*([_stdin(stdin_filename)] if "-" in targets else []), *files], problems


def _with_inputs(files: list[InputFile], inputs: tuple[ExampleInput, ...]) -> list[InputFile]:
    """The same files with the inputs of their networks; says which of them will be imported and run, before that happens."""
    from dataclasses import replace

    for file in files:
        if file.live:
            _complain(f"{file.live} is imported and run, to see the network that it makes")
    return [replace(file, inputs=inputs) for file in files]


def _stdin(filename: str | None) -> InputFile:
    from netlint.engine.targets import standard_input

    return standard_input(sys.stdin.buffer.read(), filename or "<stdin>")


def _publish(report: Report, options: dict[str, Any], output_format: str) -> None:
    """Prints or writes the report in the form that was asked for."""
    from netlint.reports.terminal import Paint, paint_for

    file = options["output_file"]
    paint = Paint() if file else paint_for(sys.stdout)
    text = _rendered(report, options, output_format, paint)
    if file is None:
        click.echo(text, nl=False, color=True)
        return
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise click.ClickException(f"cannot write {file}: {error.strerror or error}") from error


def _rendered(report: Report, options: dict[str, Any], output_format: str, paint: Paint) -> str:
    from netlint.reports import json, statistics
    from netlint.reports.terminal import width
    from netlint.reports.text import TextReport

    if options["statistics"]:
        return statistics.render_json(report.findings) if output_format == "json" else statistics.render_text(report.findings, paint)
    if output_format == "json":
        return json.render(report.findings)
    if not report.findings and (report.problems or not report.files):
        return ""  # nothing good can be said of a run that lacked a target, or had nothing to check
    writer = TextReport(report, paint, width(), options["verbose"])
    if options["quiet"]:
        return f"{writer.counts()}\n" if report.findings else ""
    return writer.render()


def _exit_code(report: Report, configuration: Configuration, exit_zero: bool) -> int:
    if report.broken:
        return BROKEN

    def fails(finding: Diagnostic) -> bool:
        return finding.severity.rank <= configuration.for_file(Path(finding.filename)).fail_on.rank

    return FINDINGS if not exit_zero and any(fails(finding) for finding in report.findings) else OK


# -- looking closer ---------------------------------------------------------------------------------------------------


@main.command()
@click.argument("target")
@click.option("--format", "output_format", type=click.Choice(["text", "json", "dot"]), default="text", show_default=True)
@_input_option
def graph(target: str, output_format: str, inputs: tuple[ExampleInput, ...]) -> None:
    """Show the network as netlint sees it: layers, shapes, parameters and cost, of a source file from the source alone.

    TARGET is a .py, .ipynb or .onnx file, one network of a file as FILE.py:NAME, or - for stdin; package.module:NAME is imported and run.
    """
    from netlint.engine.reading import reading_of
    from netlint.reports import network_dot, network_json, network_text
    from netlint.reports.terminal import paint_for

    file = _one_file(target, inputs)
    reading = reading_of(file)
    found = reading.graphs
    for note in reading.notes:
        _complain(f"{file.filename}: {note}")
    if not found and output_format == "text":
        _complain(f"no network in {file.filename}")
    elif output_format == "text":
        click.echo(network_text.render(found, paint_for(sys.stdout)), nl=False, color=True)
    else:
        click.echo((network_json if output_format == "json" else network_dot).render(found), nl=False)


def _one_file(target: str, inputs: tuple[ExampleInput, ...]) -> InputFile:
    from netlint.engine.targets import single

    return _with_inputs([_stdin(None) if target == "-" else single(target)], inputs)[0]


@main.command()
@click.argument("rule")
@click.argument("target", metavar="TARGET[:LINE]")
@_input_option
@_batch_size_option
@_config_option
@_isolated_option
def why(rule: str, target: str, **options: Any) -> None:
    """Tell why RULE did or did not fire on TARGET, thing by thing: fired, clear, unknown with the reason, suppressed."""
    from netlint.engine.registry import load
    from netlint.engine.why import explain_file
    from netlint.reports import verdicts
    from netlint.reports.terminal import paint_for, width

    path, _, last = target.rpartition(":")
    row = int(last) if path and last.isdecimal() and not Path(target).exists() else None
    file = _one_file(path if row is not None else target, options["inputs"])
    settings = _configuration(options).for_file(file.path)
    entry = load(settings.rule_paths).find(rule)
    networks, explanations = explain_file(entry.rule, file, settings, row)
    click.echo(verdicts.render(entry.rule, explanations, networks, target, paint_for(sys.stdout), width()), nl=False, color=True)


@main.command()
@click.argument("target")
@_rules_option("--select", "Verify the fixes of these rules only.")
@_rules_option("--ignore", "Leave these rules out.")
@click.option("--output-format", "output_format", type=click.Choice(["text", "json"]), default="text", show_default=True)
@_batch_size_option
@_config_option
@_isolated_option
def verify(target: str, output_format: str, **options: Any) -> int:
    """Verify what each suggestion would do to the networks of TARGET, and print the evidence. Nothing is written.

    Each fix is made alone, in memory. The networks before and after it are rebuilt from their graphs and compared on ordinary and
    adversarial tensors: results, gradients, weights, in training and evaluation. TARGET is a .py file, or - for stdin. The exit code is 1
    if a fix is not what it declares.
    """
    from netlint.engine.errors import NetlintError
    from netlint.fixes.session import verify_file
    from netlint.frontends.errors import SourceError
    from netlint.reports import fixes
    from netlint.reports.terminal import paint_for

    file = _one_file(target, ())
    if file.kind != "source":
        raise NetlintError(f"`{target}`: this version verifies fixes of Python source only")
    try:
        results = verify_file(file, _configuration(options).for_file(file.path))
    except SourceError as error:
        raise NetlintError(f"{file.filename}:{error.row}:{error.column}: {error.message}") from error
    if output_format == "json":
        click.echo(fixes.verifications_json(results), nl=False)
    else:
        click.echo(fixes.verifications(results, paint_for(sys.stdout)), nl=False, color=True)
    return FINDINGS if any(one.proof is not None and not all(e.holds for _, e in one.proof.evidence) for one in results) else OK


@main.command()
@click.argument("target")
@_input_option
@_batch_size_option
@click.option("--measure", is_flag=True, help="Measure the time of activations too, on this machine.")
@click.option("--output-format", "output_format", type=click.Choice(["text", "json"]), default="text", show_default=True)
@_config_option
@_isolated_option
def advise(target: str, measure: bool, output_format: str, **options: Any) -> None:
    """Review the design of the networks of TARGET: depth, widths, cost, gradient flow, and what each usual cure would change.

    All is measured on the network's graph at its own initialisation, at the shapes of --input; nothing of a file is run. TARGET is a .py,
    .ipynb or .onnx file, one network of a file as FILE.py:NAME, or - for stdin; package.module:NAME is imported and run.
    """
    from netlint.advice import review_file
    from netlint.reports import advice
    from netlint.reports.terminal import paint_for, width

    file = _one_file(target, options["inputs"])
    reviews, notes = review_file(file, _configuration(options).for_file(file.path), measure)
    for note in notes:
        _complain(f"{file.filename}: {note}")
    if output_format == "json":
        click.echo(advice.render_json(reviews), nl=False)
    elif not reviews:
        _complain(f"no network in {file.filename}")
    else:
        click.echo(advice.render(reviews, paint_for(sys.stdout), width()), nl=False, color=True)


@main.command()
@click.argument("name", metavar="[CODE|NAME]", required=False)
@_config_option
@_isolated_option
def rule(name: str | None, **options: Any) -> None:
    """Show a rule's page: what, why, the evidence for and against, when it is fine, and its options."""
    from netlint.reports import page
    from netlint.reports.terminal import paint_for, width

    registry = _registry(options)
    paint = paint_for(sys.stdout)
    text = page.render_page(registry.find(name), paint, width()) if name else page.render_table(registry, paint)
    click.echo(text, nl=False, color=True)


@main.command()
@_config_option
@_isolated_option
def rules(**options: Any) -> None:
    """Show the table of all rules."""
    from netlint.reports import page
    from netlint.reports.terminal import paint_for

    click.echo(page.render_table(_registry(options), paint_for(sys.stdout)), nl=False, color=True)


def _registry(options: dict[str, Any]) -> Registry:
    from netlint.engine.registry import load

    return load(_configuration(options).for_folder(Path.cwd()).rule_paths)
