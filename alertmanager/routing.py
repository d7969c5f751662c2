"""The routes and receivers of Alertmanager."""

from typing import Any

from alertmanager.inhibitions import INHIBITOR, inhibit_rules
from alertmanager.receivers import Email, MuteTimeInterval, Receivers, Webhook

Body = dict[str, Any]
# the fast lane neither waits nor groups: it pages within a second
FAST = {"group_by": ["..."], "group_wait": "0s", "group_interval": "250ms", "repeat_interval": "4h"}
# the slow lane groups: thirteen degraded modules are one notification
SLOW = {
    "group_by": ["alertname", "severity"],
    "group_wait": "5s",
    "group_interval": "1m",
    "repeat_interval": "12h",
}


def configuration(receivers: Receivers) -> Body:
    """The content of alertmanager.yml for these receivers."""
    muted = {"time_intervals": [time_interval(mute) for mute in receivers.mute]} if receivers.mute else {}
    return {
        "route": route_tree(receivers),
        "inhibit_rules": inhibit_rules(),
        "receivers": [
            {"name": "record", "webhook_configs": [webhook_body(receivers.service)]},
            {"name": "warn", **receiver_body(receivers, page=False)},
            {"name": "page", **receiver_body(receivers, page=True)},
            {"name": "deadman", **deadman_body(receivers)},
            {"name": "null"},
        ],
        "templates": ["templates/*.tmpl"],
        **muted,
    }


def route_tree(receivers: Receivers) -> Body:
    """All but the inhibitor is recorded; warnings notify, criticals page, Watchdog feeds the dead man."""
    mute = {"mute_time_intervals": [mute.name for mute in receivers.mute]} if receivers.mute else {}
    return {
        "receiver": "record",
        **SLOW,
        "routes": [
            {"receiver": "deadman", "matchers": ['alertname="Watchdog"'], "repeat_interval": "5m"},
            {"receiver": "null", "matchers": [f'alertname="{INHIBITOR}"']},
            {"receiver": "page", "matchers": ['lane="fast"', 'severity="critical"'], **FAST},
            {"receiver": "warn", "matchers": ['lane="fast"', 'severity="warning"'], **FAST, **mute},
            {"receiver": "page", "matchers": ['severity="critical"']},
            {"receiver": "warn", "matchers": ['severity="warning"'], **mute},
        ],
    }


def receiver_body(receivers: Receivers, *, page: bool) -> Body:
    """One receiver: the service, and the configured ways to notify."""
    body: Body = {"webhook_configs": [webhook_body(receivers.service)]}
    if receivers.email:
        body["email_configs"] = [email_body(receivers.email)]
    if receivers.slack:
        body["slack_configs"] = [slack_body(receivers.slack.webhook_file, receivers.slack.channel)]
    if page and receivers.pagerduty:
        body["pagerduty_configs"] = [pagerduty_body(receivers.pagerduty.key_file)]
    return body


def deadman_body(receivers: Receivers) -> Body:
    """The receiver of Watchdog: the service, and a dead man's switch where one is configured."""
    hooks = [receivers.service, *([receivers.deadman] if receivers.deadman else [])]
    return {"webhook_configs": [webhook_body(hook) for hook in hooks]}


def webhook_body(hook: Webhook) -> Body:
    """A webhook, with its token from a file."""
    authorization = (
        {"http_config": {"authorization": {"credentials_file": hook.token_file}}} if hook.token_file else {}
    )
    return {"url": hook.url, "send_resolved": True, **authorization}


def email_body(mail: Email) -> Body:
    """An e-mail with our subject and text templates."""
    login = {"auth_username": mail.username, "auth_password_file": mail.password_file}
    return {
        "to": mail.to,
        "from": mail.sender,
        "smarthost": mail.smarthost,
        "send_resolved": True,
        "headers": {"Subject": '{{ template "watchroom.subject" . }}'},
        "text": '{{ template "watchroom.text" . }}',
        "html": "",
        **{key: value for key, value in login.items() if value},
    }


def slack_body(webhook_file: str, channel: str) -> Body:
    """A chat message with our subject and text templates."""
    return {
        "api_url_file": webhook_file,
        "channel": channel,
        "send_resolved": True,
        "title": '{{ template "watchroom.subject" . }}',
        "text": '{{ template "watchroom.text" . }}',
    }


def pagerduty_body(key_file: str) -> Body:
    """A page with our subject template."""
    return {
        "routing_key_file": key_file,
        "send_resolved": True,
        "description": '{{ template "watchroom.subject" . }}',
        "details": {"text": '{{ template "watchroom.text" . }}'},
    }


def time_interval(mute: MuteTimeInterval) -> Body:
    """A mute time in the format of Alertmanager."""
    days = {"weekdays": list(mute.days)} if mute.days else {}
    times = [{"start_time": mute.start, "end_time": mute.end}]
    return {"name": mute.name, "time_intervals": [{"times": times, **days, "location": mute.location}]}
