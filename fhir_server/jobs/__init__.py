"""LONG WORK: asked for now, done by the worker, fetched later. Export, import and what else waits.

One rule: a job may be stopped at any moment, by ``kill -9`` too, and be done to its end by another
worker. Whatever it has to remember it keeps in ``Job.at``.

https://hl7.org/fhir/R4/async.html
"""
