"""The route that takes what serving takes, on a real service."""


def test_samples_are_taken_and_judged_against_the_budget(service, model):
    model = f"/v1/models/{model}"
    service.ask("PUT", model, json={"task": "binary", "kpis": {"cpu_mean_cores": {"max": 2}}})
    sample = {"timestamp": "2026-03-01T12:00:00Z", "cpu_cores": 3.5, "host": "a"}

    done = service.ask("POST", f"{model}/resources", json=[sample, sample, {"cpu_cores": "x"}])
    assert (done["accepted"], done["duplicates"]) == (1, 1)
    assert done["rejected"][0]["index"] == 2
    found = service.ask("POST", f"{model}/check", json={})["items"]

    (alert,) = [f for f in found if f["alert"]]
    assert (alert["detector"], alert["value"], alert["threshold"]) == ("resource.cpu", 3.5, 2.0)
    service.ask("POST", "/v1/models/nobody/resources", 404, json=sample)
    service.ask("POST", f"{model}/resources", 400, json=3)
