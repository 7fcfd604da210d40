"""Telling others: the feed, Subscriptions and targets."""

from __future__ import annotations

from dataclasses import dataclass

from fhir_server.config.setting import setting


@dataclass(frozen=True)
class Delivery:
    """Telling others: the feed, Subscriptions and targets."""

    feed_days: int = setting(
        730, "FHIR_FEED_DAYS", "days for which the feed ($umpan) keeps what it has told"
    )
    feed_wait_seconds: int = setting(
        30, "FHIR_FEED_WAIT_SECONDS", "longest time that $umpan waits for news, in seconds"
    )
    feed_waiting: int = setting(
        8, "FHIR_FEED_WAITING", "requests that may wait for news at once in one server process"
    )
    subscriptions: bool = setting(
        True, "FHIR_SUBSCRIPTIONS", "notify the endpoints of Subscriptions"
    )
    subscription_hosts: str = setting(
        "",
        "FHIR_SUBSCRIPTION_HOSTS",
        "hosts (name or name:port, separated by commas) that may be notified without TLS and at "
        "loopback or private addresses; *: any; empty: none",
    )
    subscription_timeout: float = setting(
        10.0, "FHIR_SUBSCRIPTION_TIMEOUT", "longest time of one notification, in seconds"
    )
    subscription_attempts: int = setting(
        12, "FHIR_SUBSCRIPTION_ATTEMPTS", "failures in a row after which a Subscription ends"
    )
    subscription_pause: float = setting(
        5.0,
        "FHIR_SUBSCRIPTION_PAUSE",
        "pause after a failed notification, in seconds; each further one doubles it, to an hour",
    )
    subscription_limit: int = setting(
        20, "FHIR_SUBSCRIPTION_LIMIT", "Subscriptions that one client may have at once"
    )
    subscription_days: int = setting(
        30, "FHIR_SUBSCRIPTION_DAYS", "days for which the events of Subscriptions are kept"
    )
    subscription_threads: int = setting(
        4, "FHIR_SUBSCRIPTION_THREADS", "endpoints that one worker notifies at once"
    )
    targets: str = setting(
        "", "FHIR_TARGETS", "file (TOML) of the systems that are sent resources; empty: none"
    )
    target_hosts: str = setting(
        "",
        "FHIR_TARGET_HOSTS",
        "hosts (name or name:port, separated by commas) that targets may have without TLS and at "
        "loopback or private addresses; *: any; empty: none",
    )
    delivery_lease_seconds: int = setting(
        20, "FHIR_DELIVERY_LEASE_SECONDS", "seconds after which a dead worker's deliveries go on"
    )
    outbox_days: int = setting(
        30, "FHIR_OUTBOX_DAYS", "days for which rows of the outbox are kept for targets"
    )
    websocket_port: int = setting(
        0, "FHIR_WEBSOCKET_PORT", "port of the websockets of Subscriptions, in the worker; 0: none"
    )
    websocket_url: str = setting(
        "",
        "FHIR_WEBSOCKET_URL",
        "public address of the websockets (wss://…); empty: HOST and the port",
    )
