"""MongoDB's query language in plain Python, as far as searches use it, for tests of one type."""

from __future__ import annotations

import re


def is_match(test, document):
    """Tell whether MongoDB would find ``document`` by ``test``."""
    for path, wanted in test.items():
        match path:
            case "$and":
                held = all(is_match(each, document) for each in wanted)
            case "$or":
                held = any(is_match(each, document) for each in wanted)
            case "$nor":
                held = not any(is_match(each, document) for each in wanted)
            case _:
                held = _field(_values(document, path.split(".")), wanted)
        if not held:
            return False
    return True


def _values(value, names):
    """Give every value at the path: of an array the array itself and all its members."""
    if not names:
        return [value, *value] if isinstance(value, list) else [value]
    if isinstance(value, list):
        return [found for each in value for found in _values(each, names)]
    if not isinstance(value, dict) or names[0] not in value:
        return []
    return _values(value[names[0]], names[1:])


def _field(values, wanted):
    if isinstance(wanted, dict) and any(key.startswith("$") for key in wanted):
        return all(_operator(values, key, operand) for key, operand in wanted.items())
    return wanted in values or (wanted is None and not values)


def _operator(values, operator, operand):
    match operator:
        case "$ne":
            return not _field(values, operand)
        case "$nin":
            return not any(_field(values, each) for each in operand)
        case "$all":
            return all(_field(values, each) for each in operand)
        case "$in":
            return any(_field(values, each) for each in operand)
        case "$not":
            return not _field(values, operand)
        case "$regex":
            return any(isinstance(each, str) and re.search(operand, each) for each in values)
        case "$elemMatch":
            members = [each for value in values if isinstance(value, list) for each in value]
            return any(_member(each, operand) for each in members)
    return any(_compared(each, operator, operand) for each in values)


def _member(member, operand):
    if all(key in {"$gt", "$gte", "$lt", "$lte"} for key in operand):
        return _field([member], operand)
    return is_match(operand, member)


def _compared(value, operator, operand):
    if isinstance(value, str) != isinstance(operand, str) or isinstance(value, dict | list):
        return False
    match operator:
        case "$gt":
            return value > operand
        case "$gte":
            return value >= operand
        case "$lt":
            return value < operand
        case "$lte":
            return value <= operand
    raise AssertionError(operator)
