"""Secrets that nobody has: made of pieces, so that no scanner takes this file for a leak, and of random characters."""

import random
import string
from base64 import b64encode

HEX, DIGITS = "0123456789abcdef", string.digits
UPPER, ALNUM = string.ascii_uppercase, string.ascii_letters + string.digits
URL_SAFE, BASE64 = ALNUM + "_-", ALNUM + "+/"
BASE32 = UPPER + "234567"

# shape: (beginning in two pieces), then (alphabet, length) of what is random and what stands between
_SHAPES: dict[str, tuple[tuple[str, str], tuple[tuple[str, int] | str, ...]]] = {
    "aws_access_key": (("AK", "IA"), ((BASE32, 16),)),
    "aws_session_key": (("AS", "IA"), ((BASE32, 16),)),
    "github_token": (("gh", "p_"), ((ALNUM, 36),)),
    "github_app_token": (("gh", "s_"), ((ALNUM, 36),)),
    "github_fine_grained": (("github", "_pat_"), ((ALNUM, 22), "_", (ALNUM, 59))),
    "gitlab_token": (("gl", "pat-"), ((URL_SAFE, 20),)),
    "anthropic_key": (("sk-", "ant-"), ("api03-", (URL_SAFE, 93), "AA")),
    "openrouter_key": (("sk-", "or-v1-"), ((HEX, 64),)),
    "openai_key": (("sk-", "proj-"), ((URL_SAFE, 74), "T3Blbk", "FJ", (URL_SAFE, 74))),
    "model_key": (("s", "k-"), ((ALNUM, 20), "T3Blbk", "FJ", (ALNUM, 20))),
    "model_key_hex": (("s", "k-"), ((HEX, 32),)),
    "groq_key": (("gs", "k_"), ((ALNUM, 52),)),
    "xai_key": (("xa", "i-"), ((ALNUM, 80),)),
    "perplexity_key": (("pp", "lx-"), ((ALNUM, 48),)),
    "replicate_token": (("r", "8_"), ((ALNUM, 37),)),
    "hugging_face_token": (("h", "f_"), ((string.ascii_letters, 34),)),
    "stripe_key": (("sk_", "live_"), ((ALNUM, 24),)),
    "stripe_restricted": (("rk_", "live_"), ((ALNUM, 99),)),
    "webhook_secret": (("wh", "sec_"), ((BASE64, 32),)),
    "slack_token": (("xo", "xb-"), ((DIGITS, 12), "-", (DIGITS, 12), "-", (ALNUM, 24))),
    "google_api_key": (("AI", "za"), ((URL_SAFE, 35),)),
    "google_oauth_secret": (("GOC", "SPX-"), ((URL_SAFE, 28),)),
    "google_access_token": (("ya", "29."), ((URL_SAFE, 120),)),
    "npm_token": (("np", "m_"), ((ALNUM, 36),)),
    "pypi_token": (("py", "pi-AgE"), ("IcHlwaS5vcmc", (URL_SAFE, 120))),
    "rubygems_key": (("ruby", "gems_"), ((HEX, 48),)),
    "crates_token": (("ci", "o"), ((ALNUM, 32),)),
    "digitalocean_token": (("dop", "_v1_"), ((HEX, 64),)),
    "sendgrid_key": (("S", "G."), ((URL_SAFE, 22), ".", (URL_SAFE, 43))),
    "mailgun_key": (("ke", "y-"), ((HEX, 32),)),
    "twilio_key": (("S", "K"), ((HEX, 32),)),
    "shopify_token": (("shp", "at_"), ((HEX, 32),)),
    "square_token": (("sq0", "atp-"), ((URL_SAFE, 22),)),
    "docker_token": (("dckr", "_pat_"), ((URL_SAFE, 27),)),
    "vault_token": (("hv", "s."), ((URL_SAFE, 90),)),
    "linear_key": (("lin", "_api_"), ((ALNUM, 40),)),
    "notion_token": (("nt", "n_"), ((ALNUM, 46),)),
    "figma_token": (("fi", "gd_"), ((URL_SAFE, 40),)),
    "postman_key": (("PM", "AK-"), ((HEX, 24), "-", (HEX, 34))),
    "new_relic_key": (("NR", "AK-"), ((UPPER + DIGITS, 27),)),
    "grafana_token": (("gl", "sa_"), ((ALNUM, 32), "_", (HEX, 8))),
    "posthog_key": (("ph", "x_"), ((ALNUM, 43),)),
    "databricks_token": (("da", "pi"), ((HEX, 32),)),
    "sentry_token": (("sn", "tryu_"), ((HEX, 64),)),
    "supabase_token": (("sb", "p_"), ((HEX, 40),)),
    "pulumi_token": (("pu", "l-"), ((HEX, 40),)),
    "doppler_token": (("dp", ".pt."), ((ALNUM, 43),)),
    "planetscale_token": (("pscale", "_tkn_"), ((URL_SAFE, 43),)),
    "atlassian_token": (("ATA", "TT3"), ((URL_SAFE, 180), "=", (HEX, 8))),
    "age_key": (("AGE-SEC", "RET-KEY-1"), ((UPPER + DIGITS, 58),)),
    "json_web_token": (("ey", "J"), ((URL_SAFE, 33), ".", "ey", "J", (URL_SAFE, 80), ".", (URL_SAFE, 43))),
}


def characters(alphabet: str, length: int, source: random.Random) -> str:
    return "".join(source.choice(alphabet) for _ in range(length))


def fake(shape: str, seed: int = 0) -> str:
    """A secret of a known shape, the same for the same seed."""
    source = random.Random(f"{shape} {seed}")
    begin, parts = _SHAPES[shape]
    said = [part if isinstance(part, str) else characters(*part, source) for part in parts]
    return "".join((*begin, *said))


SHAPES = tuple(_SHAPES)


def placed(seed: int = 0) -> dict[str, tuple[str, str]]:
    """{kind: (text, what is secret of it)} of secrets that are told by where they stand."""
    source = random.Random(f"placed {seed}")

    def some(alphabet: str, length: int) -> str:
        return characters(alphabet, length, source)

    slack, discord, telegram = some(ALNUM, 24), some(URL_SAFE, 68), "AA" + some(URL_SAFE, 33)
    azure, terraform, login = some(BASE64, 86) + "==", some(ALNUM, 67), some(ALNUM, 18)
    basic, bearer, assigned = some(ALNUM, 16), some(ALNUM, 40), some(ALNUM, 24)
    header = b64encode(f"deploy:{basic}".encode()).decode()
    place = "hooks.slack" + ".com/services/"
    return {
        "slack_webhook": (f"https://{place}T{some(DIGITS, 8)}/B{some(DIGITS, 8)}/{slack}", slack),
        "discord_webhook": (f"https://discord.com/api/webhooks/{some(DIGITS, 18)}/{discord}", discord),
        "telegram_token": (f"bot{some(DIGITS, 10)}:{telegram}", telegram),
        "azure_storage_key": ("AccountName=x;Account" + f"Key={azure};", azure),
        "terraform_token": (f"{some(ALNUM, 14)}.atlas" + f"v1.{terraform}", terraform),
        "password_in_address": (f"postgres://app:{login}" + "@db.internal:5432/app", login),
        "basic_login": (f"Authorization: Basic {header}", header),
        "bearer_token": (f"curl -H 'X: Bearer {bearer}'", bearer),
        "assigned_secret": ("DB_PASS" + f"WORD={assigned}", assigned),
    }


def private_key(seed: int = 0) -> str:
    """A key as a file holds it, of 14 lines."""
    source = random.Random(f"private key {seed}")
    lines = [characters(ALNUM, 64, source) for _ in range(12)] + [characters(ALNUM, 22, source) + "=="]
    return "\n".join(["-----BEGIN RSA PRIV" + "ATE KEY-----", *lines, "-----END RSA PRIV" + "ATE KEY-----"])
