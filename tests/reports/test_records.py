from __future__ import annotations

import json

from netlint.engine.diagnostic import Diagnostic, Edit, Fix, Position, plain
from netlint.engine.rule import Contract, Forward, Severity, StateDict, TrainingEffect
from netlint.graph import Unknown
from netlint.reports.json import render

FIELDS = ["code", "name", "severity", "confidence", "message", "filename", "location", "end_location", "related", "symbol", "network"]
FIELDS += ["scope", "count", "frontend", "fingerprint", "url", "data", "fix", "cell"]


def finding(**changes: object) -> Diagnostic:
    values: dict[str, object] = {
        "code": "NL501",
        "name": "order",
        "severity": Severity.WARNING,
        "message": "m",
        "filename": "m.py",
        "location": Position(1, 2),
        "end_location": Position(1, 3),
    }
    return Diagnostic(**{**values, **changes})  # type: ignore[arg-type]


def test_a_record_has_every_field_of_the_contract() -> None:
    [record] = json.loads(render([finding()]))
    assert list(record) == FIELDS
    assert (record["fix"], record["related"], record["data"]) == (None, [], {})


def test_a_fix_carries_its_promises_and_edits() -> None:
    contract = Contract(Forward.EXACT, StateDict.SAME, TrainingEffect.SAME)
    fix = Fix("Remove it", "safe", contract, (Edit("", Position(1, 1), Position(2, 1)),))
    [record] = json.loads(render([finding(fix=fix)]))
    assert record["fix"] == {
        "message": "Remove it",
        "applicability": "safe",
        "contract": {"forward": "exact", "state_dict": "same", "training": "same"},
        "verified": None,
        "edits": [{"content": "", "location": {"row": 1, "column": 1}, "end_location": {"row": 2, "column": 1}}],
    }


def test_no_findings_are_an_empty_list() -> None:
    assert render([]) == "[]\n"


def test_any_value_becomes_what_json_can_hold() -> None:
    value = {"a": (1, 2.5, None), 3: {True}, "nan": float("nan"), "unknown": Unknown("why")}
    assert plain(value) == {"a": [1, 2.5, None], "3": ["True"], "nan": "nan", "unknown": "Unknown(why)"}
