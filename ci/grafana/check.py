"""Reads a dashboard by Grafana's own classes and reports everything that they do not know or that has another type.

The classes are generated from Grafana's dashboard schema. They ignore unknown keys and do not check types, so both is done
here: what is read is written again and compared with the file, and each value is compared with its annotation.
"""

import copy
import enum
import json
import sys
import types
import typing

from grafana_foundation_sdk.cog import plugins
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard

plugins.register_default_plugins()


def conforms(value, hint):
    """Whether `value` can be what `hint` says."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if hint is typing.Any or hint is object:
        return True
    if origin in (typing.Union, types.UnionType):
        return any(conforms(value, one) for one in arguments)
    if origin is typing.Literal:
        return value in arguments
    if origin is list:
        return isinstance(value, list) and all(conforms(one, arguments[0]) for one in value)
    if origin is dict:
        return isinstance(value, dict) and all(conforms(one, arguments[1]) for one in value.values())
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return value in list(hint) or value in [one.value for one in hint]
    if hint is float:
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    if hint is int:
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, hint) if isinstance(hint, type) else True


def wrong_types(thing, path):
    """Every attribute below `thing` whose value does not fit its annotation."""
    if isinstance(thing, list):
        for number, one in enumerate(thing):
            yield from wrong_types(one, f"{path}[{number}]")
    elif type(thing).__module__.startswith("grafana_foundation_sdk.models") and not isinstance(thing, enum.Enum):
        for name, hint in typing.get_type_hints(type(thing)).items():
            value = getattr(thing, name, None)
            if value is None:
                continue
            if not conforms(value, hint):
                yield f"{path}.{name}: {value!r} is no {hint}"
            yield from wrong_types(value, f"{path}.{name}")


def lost(given, read, path):
    """Every value of the file that the classes did not keep."""
    if isinstance(given, dict):
        if not isinstance(read, dict):
            yield f"{path}: read as {read!r}"
            return
        for key, value in given.items():
            if key in read:
                yield from lost(value, read[key], f"{path}.{key}")
            elif value is not None and value != []:
                yield f"{path}.{key}: not known to Grafana"
    elif isinstance(given, list):
        if not isinstance(read, list) or len(read) != len(given):
            yield f"{path}: read as {read!r}"
            return
        for number, (one, other) in enumerate(zip(given, read)):
            yield from lost(one, other, f"{path}[{number}]")
    elif given != read:
        yield f"{path}: {given!r} was read as {read!r}"


def problems(given):
    try:
        dashboard = Dashboard.from_json(copy.deepcopy(given))
        read = json.loads(JSONEncoder().encode(dashboard))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        return [f"dashboard: {type(error).__name__}: {error}"]
    return [*wrong_types(dashboard, "dashboard"), *lost(given, read, "dashboard")]


def planted(given):
    """Copies of the dashboard with one mistake each, which the check has to find."""

    def panel(change):
        bad = copy.deepcopy(given)
        change(next(panel for panel in bad["panels"] if panel["type"] == "timeseries"))
        return bad

    yield "an unknown key of the dashboard", {**copy.deepcopy(given), "shiny": True}
    yield "a title that is a number", {**copy.deepcopy(given), "title": 7}
    yield "a tooltip mode that does not exist", {**copy.deepcopy(given), "graphTooltip": 9}
    yield "an unknown key of a panel", panel(lambda panel: panel.update(gridpos={}))
    yield "a place that is a text", panel(lambda panel: panel["gridPos"].update(x="left"))
    yield "an unknown key of a query", panel(lambda panel: panel["targets"][0].update(expression="up"))
    yield "a legend placement that does not exist", panel(lambda panel: panel["options"]["legend"].update(placement="top"))
    yield "panels that are no list", {**copy.deepcopy(given), "panels": {}}


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        given = json.load(file)
    found = problems(given)
    for problem in found:
        print(problem, file=sys.stderr)
    missed = [name for name, bad in planted(given) if not problems(bad)]
    for name in missed:
        print(f"this check does not find {name}", file=sys.stderr)
    if found or missed:
        sys.exit(1)
    queries = sum(len(panel.get("targets", [])) for panel in given["panels"])
    print(f"{sys.argv[1]}: {len(given['panels'])} panels and {queries} queries are what Grafana's schema allows")


main()
