"""What Prometheus and Grafana are given: rules and boards, made by code from tables."""
