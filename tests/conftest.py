"""What every test may ask for."""

pytest_plugins = [
    "tests.support.examples",
    "tests.support.logs",
    "tests.support.canaries",
    "tests.support.retries",
    "tests.support.mongodb",
    "tests.support.context",
    "tests.support.both",
    "tests.support.clinic",
    "tests.support.searching",
    "tests.support.satusehat",
]
