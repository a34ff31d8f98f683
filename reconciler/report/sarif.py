"""Findings as SARIF 2.1.0, for code scanning: what `validate` found, at its lines. Pure."""

from __future__ import annotations

from collections.abc import Iterable
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

from reconciler.model.errors import Finding
from reconciler.model.errors import Level as FindingLevel
from reconciler.model.text import printable
from reconciler.model.version import __version__


def render_sarif(findings: Iterable[Finding]) -> str:
    """One run with a result for each finding, and a rule for each slug that occurs."""
    findings = list(findings)
    rules = [ReportingDescriptor(id=rule) for rule in sorted({finding.rule for finding in findings})]
    driver = ToolDriver(name="reconciler", version=__version__, rules=rules)
    run = Run(tool=Tool(driver=driver), results=[_result(finding) for finding in findings])
    text: str = Sarif(version="2.1.0", runs=[run]).model_dump_json(by_alias=True, exclude_none=True, indent=2)
    return f"{text}\n"


def _result(finding: Finding) -> Result:
    place = finding.place
    text = str(finding).removeprefix(f"{place}: ")
    region = Region(start_line=place.line, start_column=max(1, place.column)) if place.line else None
    where = PhysicalLocation(artifact_location=ArtifactLocation(uri=quote(place.file)), region=region)
    return Result(
        rule_id=finding.rule,
        level=Level.ERROR if finding.level is FindingLevel.ERROR else Level.WARNING,
        message=Message(text=printable(text)),
        locations=[Location(physical_location=where)],
    )
