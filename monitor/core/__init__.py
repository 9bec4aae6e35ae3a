"""The ground: values, ports and errors. Imports nothing of ours."""
