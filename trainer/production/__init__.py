"""From an artefact to answers: gate, registry, champion."""
