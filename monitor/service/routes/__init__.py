"""The routes of the contract, a file per group; `create_router` puts them together."""
