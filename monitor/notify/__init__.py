"""Tells people of incidents: by webhook, in Slack, by e-mail."""
