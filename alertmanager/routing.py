"""Who is told what, how soon and how often."""

from typing import Any

from alertmanager.inhibitions import inhibit_rules
from alertmanager.receivers import Email, MuteTimeInterval, Receivers, Webhook

Body = dict[str, Any]
# the fast lane waits for nothing and groups nothing: measured to page within a second
FAST = {"group_by": ["..."], "group_wait": "0s", "group_interval": "250ms", "repeat_interval": "4h"}
# what can wait comes together: thirteen modules that are degraded are one message
SLOW = {
    "group_by": ["alertname", "severity"],
    "group_wait": "5s",
    "group_interval": "1m",
    "repeat_interval": "12h",
}


def configuration(receivers: Receivers) -> Body:
    """Alertmanager's configuration for these receivers."""
    muted = {"time_intervals": [time_interval(mute) for mute in receivers.mute]} if receivers.mute else {}
    return {
        "route": route_tree(receivers),
        "inhibit_rules": inhibit_rules(),
        "receivers": [
            {"name": "record", "webhook_configs": [webhook_body(receivers.service)]},
            {"name": "warn", **receiver_body(receivers, page=False)},
            {"name": "page", **receiver_body(receivers, page=True)},
            {"name": "deadman", **deadman_body(receivers)},
        ],
        "templates": ["templates/*.tmpl"],
        **muted,
    }


def route_tree(receivers: Receivers) -> Body:
    """Everything is recorded; warnings are told, critical alerts page, Watchdog feeds the dead man."""
    mute = {"mute_time_intervals": [mute.name for mute in receivers.mute]} if receivers.mute else {}
    return {
        "receiver": "record",
        **SLOW,
        "routes": [
            {"receiver": "deadman", "matchers": ['alertname="Watchdog"'], "repeat_interval": "5m"},
            {"receiver": "page", "matchers": ['lane="fast"', 'severity="critical"'], **FAST},
            {"receiver": "warn", "matchers": ['lane="fast"', 'severity="warning"'], **FAST, **mute},
            {"receiver": "page", "matchers": ['severity="critical"']},
            {"receiver": "warn", "matchers": ['severity="warning"'], **mute},
        ],
    }


def receiver_body(receivers: Receivers, *, page: bool) -> Body:
    """The service, and the people of this receiver."""
    body: Body = {"webhook_configs": [webhook_body(receivers.service)]}
    if receivers.email:
        body["email_configs"] = [email_body(receivers.email)]
    if receivers.slack:
        body["slack_configs"] = [slack_body(receivers.slack.webhook_file, receivers.slack.channel)]
    if page and receivers.pagerduty:
        body["pagerduty_configs"] = [pagerduty_body(receivers.pagerduty.key_file)]
    return body


def deadman_body(receivers: Receivers) -> Body:
    """Who must hear Watchdog: the service, and the dead man where there is one."""
    hooks = [receivers.service, *([receivers.deadman] if receivers.deadman else [])]
    return {"webhook_configs": [webhook_body(hook) for hook in hooks]}


def webhook_body(hook: Webhook) -> Body:
    """A webhook with its token from a file."""
    authorization = (
        {"http_config": {"authorization": {"credentials_file": hook.token_file}}} if hook.token_file else {}
    )
    return {"url": hook.url, "send_resolved": True, **authorization}


def email_body(mail: Email) -> Body:
    """A mail with the house's subject and text."""
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
    """A chat message with the house's title and text."""
    return {
        "api_url_file": webhook_file,
        "channel": channel,
        "send_resolved": True,
        "title": '{{ template "watchroom.subject" . }}',
        "text": '{{ template "watchroom.text" . }}',
    }


def pagerduty_body(key_file: str) -> Body:
    """A page with the house's one sentence."""
    return {
        "routing_key_file": key_file,
        "send_resolved": True,
        "description": '{{ template "watchroom.subject" . }}',
        "details": {"text": '{{ template "watchroom.text" . }}'},
    }


def time_interval(mute: MuteTimeInterval) -> Body:
    """Hours of the week as Alertmanager reads them."""
    days = {"weekdays": list(mute.days)} if mute.days else {}
    times = [{"start_time": mute.start, "end_time": mute.end}]
    return {"name": mute.name, "time_intervals": [{"times": times, **days, "location": mute.location}]}
