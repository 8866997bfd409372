"""The kinds of secrets that are known: how each begins, and what it has to look like from there.

The beginnings are looked for in everything that is read, all at once (see finding.py); a pattern is only tried where
one stands. So patterns are anchored, every repetition in them is bounded, and nothing in them is tried twice.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from sessions.parsers.secrets.plausible import has_basic_login, is_assigned_secret, is_password, is_random

_WORD = rb"[A-Za-z0-9_-]"
_ALNUM = rb"[A-Za-z0-9]"
_ENDS = rb"(?![A-Za-z0-9])"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of secret. Group 1 of `pattern` is what is secret of it, without such a group all of it."""

    name: str
    label: str  # for people, with its article left out
    starts: tuple[bytes, ...]
    pattern: re.Pattern[bytes]
    is_plausible: Callable[[bytes], bool] = is_random
    is_definite: bool = True  # False: only where it stands says that it is one
    stands_alone: bool = True  # False: letters may stand right before it


def _token(name: str, label: str, starts: str, rest: bytes) -> Kind:
    """A secret that begins with a word of its own; several such words are separated by spaces."""
    words = tuple(starts.encode().split())
    either = b"|".join(re.escape(word) for word in words)
    return Kind(name, label, words, re.compile(rb"(?:%s)(?:%s)" % (either, rest)))


_TOKENS = (
    _token("aws_access_key", "AWS access key", "AKIA ASIA ABIA ACCA", rb"[A-Z2-7]{16}" + _ENDS),
    _token("github_token", "GitHub token", "ghp_ gho_ ghu_ ghs_ ghr_", _ALNUM + rb"{36,255}"),
    _token("github_fine_grained", "GitHub token", "github_pat_", rb"[A-Za-z0-9_]{60,255}"),
    _token(
        "gitlab_token",
        "GitLab token",
        "glpat- glptt- gldt- glrt- glcbt- glft- glsoat- gloas-",
        rb"[A-Za-z0-9_.-]{20,128}",
    ),
    _token("anthropic_key", "Anthropic key", "sk-ant-", _WORD + rb"{24,255}"),
    _token("openrouter_key", "OpenRouter key", "sk-or-v1-", rb"[0-9a-f]{64}" + _ENDS),
    _token("openai_key", "OpenAI key", "sk-proj- sk-svcacct- sk-admin-", _WORD + rb"{40,255}"),
    _token("model_key", "model provider's key", "sk-", _ALNUM + rb"{32,64}" + _ENDS),
    _token("groq_key", "Groq key", "gsk_", _ALNUM + rb"{52}" + _ENDS),
    _token("xai_key", "xAI key", "xai-", _ALNUM + rb"{80}" + _ENDS),
    _token("perplexity_key", "Perplexity key", "pplx-", _ALNUM + rb"{48}" + _ENDS),
    _token("replicate_token", "Replicate token", "r8_", _ALNUM + rb"{37}" + _ENDS),
    _token("hugging_face_token", "Hugging Face token", "hf_", _ALNUM + rb"{34}" + _ENDS),
    _token("stripe_key", "Stripe key", "sk_live_ sk_test_ rk_live_ rk_test_", _ALNUM + rb"{20,128}"),
    _token("webhook_secret", "webhook secret", "whsec_", rb"[A-Za-z0-9+/]{24,128}={0,2}"),
    _token(
        "slack_token", "Slack token", "xoxb- xoxp- xoxa- xoxr- xoxs- xoxe- xapp-", rb"[A-Za-z0-9-]{20,255}"
    ),
    _token("google_api_key", "Google API key", "AIza", _WORD + rb"{35}(?![A-Za-z0-9_-])"),
    _token("google_oauth_secret", "Google OAuth secret", "GOCSPX-", _WORD + rb"{28}(?![A-Za-z0-9_-])"),
    _token("google_access_token", "Google access token", "ya29.", _WORD + rb"{40,512}"),
    _token("npm_token", "npm token", "npm_", _ALNUM + rb"{36}" + _ENDS),
    _token("pypi_token", "PyPI token", "pypi-AgE", _WORD + rb"{50,512}"),
    _token("rubygems_key", "RubyGems key", "rubygems_", rb"[a-f0-9]{48}" + _ENDS),
    _token("crates_token", "crates.io token", "cio", _ALNUM + rb"{32}" + _ENDS),
    _token("digitalocean_token", "DigitalOcean token", "dop_v1_ doo_v1_ dor_v1_", rb"[a-f0-9]{64}" + _ENDS),
    _token("sendgrid_key", "SendGrid key", "SG.", _WORD + rb"{22}\.[A-Za-z0-9_-]{43}(?![A-Za-z0-9_-])"),
    _token("mailgun_key", "Mailgun key", "key-", rb"[0-9a-f]{32}" + _ENDS),
    _token("twilio_key", "Twilio key", "SK", rb"[0-9a-f]{32}" + _ENDS),
    _token("shopify_token", "Shopify token", "shpat_ shpca_ shppa_ shpss_", rb"[A-Fa-f0-9]{32}" + _ENDS),
    _token("square_token", "Square token", "sq0atp- sq0csp-", _WORD + rb"{22,43}(?![A-Za-z0-9_-])"),
    _token("docker_token", "Docker token", "dckr_pat_ dckr_oat_", _WORD + rb"{27,32}(?![A-Za-z0-9_-])"),
    _token("vault_token", "Vault token", "hvs. hvb. hvr.", _WORD + rb"{24,300}"),
    _token("linear_key", "Linear key", "lin_api_", _ALNUM + rb"{40}" + _ENDS),
    _token("notion_token", "Notion token", "ntn_", _ALNUM + rb"{43,50}" + _ENDS),
    _token("figma_token", "Figma token", "figd_", _WORD + rb"{40}(?![A-Za-z0-9_-])"),
    _token("postman_key", "Postman key", "PMAK-", rb"[a-f0-9]{24}-[a-f0-9]{34}" + _ENDS),
    _token("new_relic_key", "New Relic key", "NRAK-", rb"[A-Z0-9]{27}" + _ENDS),
    _token("grafana_token", "Grafana token", "glsa_", _ALNUM + rb"{32}_[a-f0-9]{8}" + _ENDS),
    _token("posthog_key", "PostHog key", "phx_", _ALNUM + rb"{43,48}" + _ENDS),
    _token("databricks_token", "Databricks token", "dapi", rb"[a-f0-9]{32}" + _ENDS),
    _token("sentry_token", "Sentry token", "sntryu_", rb"[a-f0-9]{64}" + _ENDS),
    _token("supabase_token", "Supabase token", "sbp_", rb"[a-f0-9]{40}" + _ENDS),
    _token("pulumi_token", "Pulumi token", "pul-", rb"[a-f0-9]{40}" + _ENDS),
    _token("doppler_token", "Doppler token", "dp.pt. dp.st. dp.sa.", rb"[A-Za-z0-9._]{40,80}"),
    _token(
        "planetscale_token", "PlanetScale token", "pscale_tkn_ pscale_pw_ pscale_oauth_", _WORD + rb"{32,64}"
    ),
    _token("atlassian_token", "Atlassian token", "ATATT3", rb"[A-Za-z0-9_=-]{100,255}"),
    _token("age_key", "age key", "AGE-SECRET-KEY-1", rb"[0-9A-Z]{58}" + _ENDS),
    _token(
        "json_web_token",
        "JSON Web Token",
        "eyJ",
        rb"[A-Za-z0-9_-]{10,400}\.eyJ[A-Za-z0-9_-]{10,4000}\.[A-Za-z0-9_-]{20,1000}",
    ),
)

PRIVATE_KEY = Kind(
    "private_key",
    "private key",
    (b"-----BEGIN ",),
    re.compile(rb"-----BEGIN (?:[A-Z0-9]{1,10} ){0,3}PRIVATE KEY(?: BLOCK)?-----"),
    stands_alone=False,
)

# Between a name and its value: quotes, which may be escaped once or twice, and one sign.
_QUOTE = rb"(?:\\{0,3}[\"'`])?"
_IS = _QUOTE + rb" ?(?::|=>?) ?" + _QUOTE
_NAMES = re.findall(
    r"\S+",
    """
    assword ASSWORD asswd ASSWD assphrase ASSPHRASE ecret ECRET ecret_key ECRET_KEY ecretKey
    api_key API_KEY apiKey ApiKey apikey APIKEY api-key access_key ACCESS_KEY accessKey AccessKey
    private_key PRIVATE_KEY privateKey auth_token AUTH_TOKEN authToken access_token ACCESS_TOKEN accessToken
    refresh_token REFRESH_TOKEN refreshToken api_token apiToken bot_token _TOKEN
    """,
)

_PLACED = (
    Kind(
        "slack_webhook",
        "Slack webhook",
        (b"hooks.slack.com/",),
        re.compile(
            rb"hooks\.slack\.com/(?:services|workflows)/([A-Z0-9]{8,12}/[A-Z0-9]{8,12}/[A-Za-z0-9]{20,32})"
        ),
    ),
    Kind(
        "discord_webhook",
        "Discord webhook",
        (b"/api/webhooks/",),
        re.compile(rb"/api/webhooks/[0-9]{17,20}/([A-Za-z0-9_-]{60,80})"),
        stands_alone=False,
    ),
    Kind(
        "telegram_token",
        "Telegram bot token",
        (b":AA",),
        re.compile(rb"(?<=[0-9]{8}):(AA[A-Za-z0-9_-]{32,33})(?![A-Za-z0-9_-])"),
        stands_alone=False,
    ),
    Kind(
        "terraform_token",
        "Terraform Cloud token",
        (b".atlasv1.",),
        re.compile(rb"(?<=[A-Za-z0-9]{14})\.atlasv1\.([A-Za-z0-9_=-]{60,80})"),
        stands_alone=False,
    ),
    Kind(
        "azure_storage_key",
        "Azure storage key",
        (b"AccountKey=", b"SharedAccessKey="),
        re.compile(rb"(?:Account|SharedAccess)Key=([A-Za-z0-9+/]{42,86}={1,2})"),
        stands_alone=False,
    ),
    Kind(
        "password_in_address",
        "password in an address",
        (b"://",),
        re.compile(rb"://[^\s/:@\"'`\\<>{}]{0,64}:([^\s/@\"'`\\<>]{6,128})@"),
        is_password,
        stands_alone=False,
    ),
    Kind(
        "basic_login",
        "login in a header",
        (b"uthorization", b"UTHORIZATION"),
        re.compile(rb"(?i:uthorization)" + _IS + rb"(?i:basic) ([A-Za-z0-9+/]{12,400}={0,2})"),
        has_basic_login,
        stands_alone=False,
    ),
    Kind(
        "bearer_token",
        "bearer token",
        (b"Bearer ", b"bearer "),
        re.compile(rb"[Bb]earer ([A-Za-z0-9_.~+/=-]{20,1000})"),
        is_assigned_secret,
        is_definite=False,
    ),
    Kind(
        "assigned_secret",
        "secret value",
        tuple((name + sign).encode() for name in _NAMES for sign in ("=", ":", '"', "\\", "'", " ")),
        re.compile(
            rb"[A-Za-z_-]{3,20}"
            + _IS
            + rb"([A-Za-z0-9+/_.~!@#%^&*$-]{8,200}={0,2})(?![A-Za-z0-9+/_.~!@#%^&*=$({\[-])"
        ),
        is_assigned_secret,
        is_definite=False,
        stands_alone=False,
    ),
)

KINDS: tuple[Kind, ...] = (PRIVATE_KEY, *_TOKENS, *_PLACED)
LABELS = {kind.name: kind.label for kind in KINDS}
