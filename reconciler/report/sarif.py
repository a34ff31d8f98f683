"""Problems as SARIF 2.1.0, for code scanning: what `validate` found, at its lines. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from urllib.parse import quote

from sarif_pydantic import (
    ArtifactLocation,
    Level,
    Location,
    Message,
    PhysicalLocation,
    Region,
    ReportingDescriptor,
    Result,
    Run,
    Sarif,
    Tool,
    ToolDriver,
)

from reconciler.model import __version__
from reconciler.model.errors import Level as ProblemLevel
from reconciler.model.errors import Problem
from reconciler.model.text import printable
from reconciler.report.rules import describe_rule

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def render_sarif(problems: Iterable[Problem]) -> str:
    """One run with a result for each problem, and a rule for each slug that occurs."""
    problems = list(problems)
    numbers = {rule: number for number, rule in enumerate(sorted({problem.rule for problem in problems}))}
    driver = ToolDriver(
        name="reconciler", version=__version__, semantic_version=__version__, rules=[_rule(rule) for rule in numbers]
    )
    run = Run(tool=Tool(driver=driver), results=[_result(problem, numbers) for problem in problems])
    text: str = Sarif(schema_uri=_SCHEMA, version="2.1.0", runs=[run]).model_dump_json(
        by_alias=True, exclude_none=True, indent=2
    )
    return f"{text}\n"


def _rule(rule: str) -> ReportingDescriptor:
    """A rule as GitHub's code scanning wants it: a name, a description, and help that says how to learn more."""
    words = Message(text=describe_rule(rule))
    return ReportingDescriptor(
        id=rule,
        name="".join(part.capitalize() for part in rule.split("-")),
        short_description=words,
        full_description=words,
        help=Message(text=f"{words.text} The message of each problem says what to do about it."),
    )


def _result(problem: Problem, numbers: Mapping[str, int]) -> Result:
    at = problem.location
    region = Region(start_line=at.line, start_column=max(1, at.column)) if at.line else None
    where = PhysicalLocation(
        artifact_location=ArtifactLocation(uri=quote(at.file, errors="surrogateescape")), region=region
    )
    return Result(
        rule_id=problem.rule,
        rule_index=numbers[problem.rule],
        level=Level.ERROR if problem.level is ProblemLevel.ERROR else Level.WARNING,
        message=Message(text=printable(problem.text)),
        locations=[Location(physical_location=where)],
    )
