"""A transaction does what its entries do one after another, in the order R4 gives them."""

import itertools

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fhir_server.interactions.entries import ORDER
from tests.support.fhir import entry, patient

_examples = itertools.count()
SLOTS = ("a", "b", "c", "d", "e")


def five(*choices):
    return st.lists(st.sampled_from(choices), min_size=5, max_size=5)


before = five("none", "put", "put twice", "deleted")
wished = st.tuples(
    five("none", "put", "delete", "post"),
    five("male", "female", "other"),
    st.permutations(range(5)),
)


def prepared(ask, prefix, states):
    for slot, state in zip(SLOTS, states, strict=True):
        url, body = f"Patient/{prefix}{slot}", patient(id=prefix + slot)
        for _ in range({"none": 0, "put twice": 2}.get(state, 1)):
            ask("PUT", url, body)
        if state == "deleted":
            ask("DELETE", url)


def wishes(prefix, wish):
    actions, given_genders, order = wish
    made = []
    for place in order:
        slot, action, gender = SLOTS[place], actions[place], given_genders[place]
        url = f"Patient/{prefix}{slot}"
        match action:
            case "put":
                made.append(entry("PUT", url, patient(id=prefix + slot, gender=gender)))
            case "delete":
                made.append(entry("DELETE", url))
            case "post":
                tag = {"tag": [{"code": prefix + slot}]}
                made.append(entry("POST", "Patient", patient(meta=tag, gender=gender)))
    return made


def seen(ask, prefix):
    """Say what there is of an example: state and history of each slot, and what was posted."""
    slots = {}
    for slot in SLOTS:
        said = ask("GET", f"Patient/{prefix}{slot}")
        history = ask("GET", f"Patient/{prefix}{slot}/_history")
        slots[slot] = (
            said.status,
            said.json.get("gender") if said.raw else None,
            [each["request"]["method"] for each in history.entries] if history.raw else None,
        )
        posted = ask("GET", f"Patient?_tag={prefix}{slot}")
        slots[slot] += ([each["resource"].get("gender") for each in posted.entries],)
    return slots


@settings(
    max_examples=15,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(before, wished)
def test_a_transaction_is_its_entries_in_order(ask, transact, states, wish):
    number = next(_examples)
    one, other = f"x{number}", f"y{number}"
    prepared(ask, one, states)
    prepared(ask, other, states)

    together = transact(*wishes(one, wish))
    singly = {}
    entries = wishes(other, wish)
    for place, each in sorted(enumerate(entries), key=lambda p: ORDER[p[1]["request"]["method"]]):
        request = each["request"]
        singly[place] = ask(request["method"], request["url"], each.get("resource", b"")).status

    assert [int(each["response"]["status"][:3]) for each in together.entries] == [
        singly[place] for place in range(len(entries))
    ]
    assert seen(ask, one) == seen(ask, other)
