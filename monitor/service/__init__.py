"""The service: what comes in and goes out over HTTP."""
