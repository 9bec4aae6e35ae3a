"""A real application answers as before, and its predictions are logged."""

import asyncio
import socket
import threading

import httpx
import pytest
import uvicorn
from services import eventually
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import JSONResponse, PlainTextResponse, StreamingResponse
from starlette.routing import Route
from watchkeeper.asgi import PredictionMiddleware


async def predict(request):
    body = await request.json()
    if body.get("bad"):
        return JSONResponse({"error": "bad"}, status_code=422)
    return JSONResponse({"prediction": 1, "score": 0.5, "prediction_id": body.get("id")})


async def stream(request):
    async def parts():
        for part in (b'{"predic', b'tion": ', b"7}"):
            yield part

    await request.body()
    return StreamingResponse(parts())


async def broken(request):
    raise RuntimeError("no model")


async def text(request):
    return PlainTextResponse("yes")


class Http:
    """Posts to an application in this process."""

    def __init__(self, app):
        self._transport = httpx.ASGITransport(app, raise_app_exceptions=False)

    def post(self, path, **body):
        return asyncio.run(self._post(path, body))

    async def _post(self, path, body):
        async with httpx.AsyncClient(transport=self._transport, base_url="http://app") as client:
            return await client.post(path, **body)


async def in_parts(*parts):
    for part in parts:
        yield part


@pytest.fixture
def serve(connect):
    def make(**settings):
        client = connect()
        middleware = [Middleware(PredictionMiddleware, client=client, **settings)]
        routes = [
            Route("/predict", predict, methods=["POST", "GET"]),
            *(Route(f"/{f.__name__}", f, methods=["POST"]) for f in (stream, broken, text)),
        ]
        app = Starlette(routes=routes, middleware=middleware)
        return Http(app), client

    return make


def test_a_call_is_logged_with_request_response_and_time(collector, serve):
    http, client = serve()

    answer = http.post("/predict", json={"features": {"age": 41}, "id": "mine"})

    assert answer.json()["prediction"] == 1
    assert client.flush(5)
    row = collector.predictions["mine"]
    assert (row["features"], row["prediction"], row["score"]) == ({"age": 41}, 1, 0.5)
    assert row["latency_ms"] > 0


def test_other_paths_methods_and_failures_are_not_logged(collector, serve):
    http, client = serve()

    assert http.post("/text", json={}).text == "yes"
    assert http.post("/predict", json={"bad": True}).status_code == 422
    assert http.post("/broken", json={}).status_code == 500
    assert client.counters.logged == 0


def test_bodies_in_parts_pass_untouched_and_are_read_whole(collector, serve):
    http, client = serve(path="/stream")

    answer = http.post("/stream", content=in_parts(b'{"a', b'ge": 41}'))

    assert answer.json() == {"prediction": 7}
    assert client.flush(5)
    (row,) = collector.predictions.values()
    assert (row["features"], row["prediction"]) == ({"age": 41}, 7)


def test_a_mapping_of_ones_own_may_log_many_or_none(collector, serve):
    def mapping(request, response):
        return [{"features": row, "prediction": i} for i, row in enumerate(request["rows"])]

    http, client = serve(mapping=mapping)

    http.post("/predict", json={"rows": [{"a": 1}, {"a": 2}]})
    http.post("/predict", json={"rows": []})

    assert client.flush(5)
    assert [row["features"]["a"] for row in collector.predictions.values()] == [1, 2]
    assert client.counters.logged == 2


@pytest.mark.parametrize(
    ("settings", "path"),
    [
        ({"mapping": lambda request, response: 1 / 0}, "/predict"),
        ({"path": "/text"}, "/text"),
        ({"limit": 10}, "/predict"),
    ],
)
def test_what_cannot_be_logged_is_counted_and_answered_all_the_same(serve, settings, path):
    http, client = serve(**settings)

    assert http.post(path, json={"features": {"age": 41}}).status_code == 200
    assert client.counters.dropped == 1


@pytest.fixture
def listening(connect):
    """The application under a real uvicorn, on loopback."""
    client, servers = connect(), []

    def listen(**settings):
        middleware = [Middleware(PredictionMiddleware, client=client, **settings)]
        routes = [Route(f"/{f.__name__}", f, methods=["POST"]) for f in (predict, stream, broken)]
        server = uvicorn.Server(
            uvicorn.Config(Starlette(routes=routes, middleware=middleware), log_config=None)
        )
        listener = socket.create_server(("127.0.0.1", 0))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        servers.append((server, thread))
        return f"http://127.0.0.1:{listener.getsockname()[1]}", client

    yield listen
    for server, thread in servers:
        server.should_exit = True
        thread.join()


def test_calls_over_a_real_server_are_answered_and_logged(collector, listening):
    url, client = listening()

    with httpx.Client(base_url=url) as http:
        for age in range(20):
            answer = http.post("/predict", json={"features": {"age": age}, "id": f"r{age}"})
            assert answer.json() == {"prediction": 1, "score": 0.5, "prediction_id": f"r{age}"}
    for path, body in ("/broken", b"{}"), ("/predict", b"no json"):
        assert httpx.post(url + path, content=body).status_code == 500

    eventually(lambda: client.counters.logged == 20)  # it logs once it has answered
    assert client.flush(5)
    logged = {row_id: row["features"] for row_id, row in collector.predictions.items()}
    assert logged == {f"r{age}": {"age": age} for age in range(20)}
    assert client.counters.logged == 20


def test_a_caller_who_sends_in_parts_over_a_real_server_gets_all_parts_back(collector, listening):
    url, client = listening(path="/stream")

    with httpx.Client(base_url=url) as http:
        answer = http.post("/stream", content=iter([b'{"a', b'ge": 41}']))

    assert answer.json() == {"prediction": 7}
    eventually(lambda: client.counters.logged)
    assert client.flush(5)
    (row,) = collector.predictions.values()
    assert row["features"] == {"age": 41}


def test_the_start_and_end_of_an_application_pass_through(connect):
    passed = []

    async def app(scope, receive, send):
        passed.append((scope, receive, send))

    call = ({"type": "lifespan"}, object(), object())
    asyncio.run(PredictionMiddleware(app, connect())(*call))

    assert passed == [call]
