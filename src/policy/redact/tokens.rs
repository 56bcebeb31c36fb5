//! Secrets that are known by their shape, whatever they are called.
//!
//! Owns: the table of shapes, each with its source. Must not: know of names.
//!
//! The shapes are regular expressions of bytes without look-around, matched by one automaton in linear time, in texts that
//! one of the needles stands in. Each begins with what makes the shape: `begin` is that, for a text that ends in the
//! middle of one.

use std::ops::Range;

/// A shape of secrets.
#[cfg_attr(
    not(test),
    expect(dead_code, reason = "source and example are for readers and tests")
)]
pub(super) struct Shape {
    /// What a mark calls it.
    pub name: &'static str,
    /// Texts of which one stands in every secret of the shape.
    pub needles: &'static [&'static str],
    /// The regular expression.
    pub shape: &'static str,
    /// What every secret of the shape begins with, as a regular expression.
    pub begin: &'static str,
    /// Where the shape is published.
    pub source: &'static str,
    /// One that is none.
    pub example: &'static str,
}

impl Shape {
    /// The part of what was found that is secret.
    pub(super) fn secret(&self, found: &str) -> Range<usize> {
        match self.name {
            URL => {
                let user = found.find("://").map_or(0, |at| at + 3);
                let password = found[user..].find(':').map_or(user, |at| user + at + 1);
                password..found.len() - usize::from(found.ends_with('@'))
            }
            AUTHORIZATION => {
                let value = found.find([' ', '\t']).unwrap_or(0);
                value + found[value..].len() - found[value..].trim_start().len()..found.len()
            }
            WEBHOOK => found.match_indices('/').nth(1).map_or(0, |(at, _)| at + 1)..found.len(),
            _ => 0..found.len(),
        }
    }
}

/// Matches nothing: the beginning of such a secret tells nothing.
pub(super) const NONE: &str = "[a&&b]";
const WEBHOOK: &str = "Slack webhook";
const URL: &str = "password in a URL";
const AUTHORIZATION: &str = "Authorization value";

/// Key, token, password: what is hidden wherever it stands.
pub(super) const SHAPES: &[Shape] = &[
    Shape {
        name: "private key",
        needles: &["-----BEGIN"],
        shape: r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----(?s:.*?)(?:-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----|\z)",
        begin: r"-----BEGIN [A-Z0-9 ]*-{0,4}",
        source: "RFC 7468, sections 10 and 11; PuTTY and OpenSSH write the same frame",
        example: "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA7bq\n-----END RSA PRIVATE KEY-----",
    },
    Shape {
        name: "JWT",
        needles: &["eyJ"],
        shape: r"\beyJ[A-Za-z0-9_-]{6,}\.[A-Za-z0-9_-]{4,}(?:\.[A-Za-z0-9_-]*){0,3}",
        begin: r"\beyJ[A-Za-z0-9_.-]*",
        source: "RFC 7519, section 3.1: a JSON object in base64url begins with eyJ",
        example: "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U",
    },
    Shape {
        name: AUTHORIZATION,
        needles: &["Bearer", "bearer", "BEARER", "Basic", "basic", "BASIC"],
        // A digit, padding or a change of case: `basic functionality` is none.
        shape: r"(?i:\b(?:bearer|basic))[ \t]+[A-Za-z._~+/-]*(?:[0-9=]|[a-z][A-Z])[A-Za-z0-9._~+/=-]{4,}",
        begin: r"(?i:\b(?:bearer|basic))[ \t]+[A-Za-z._~+/-]*(?:[0-9=]|[a-z][A-Z])[A-Za-z0-9._~+/=-]*",
        source: "RFC 7235, RFC 6750 (Bearer), RFC 7617 (Basic)",
        example: "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==",
    },
    Shape {
        name: URL,
        needles: &["://"],
        // A quote before a letter or digit is the password's own: one that closes what this stands in is not followed by one.
        shape: r"\b[A-Za-z][A-Za-z0-9+.-]*://[^\s/?#@:'\x22<>]*:(?:[^\s/'\x22<>]|['\x22][A-Za-z0-9])+@",
        begin: r"\b[A-Za-z][A-Za-z0-9+.-]*://[^\s/?#@:'\x22<>]*:(?:[^\s/'\x22<>]|['\x22][A-Za-z0-9])*['\x22]?",
        source: "RFC 3986, section 3.2.1",
        example: "postgresql+psycopg://app:s3cr3t-passw0rd@db.example.org:5432/shop",
    },
    Shape {
        name: "AWS access key",
        needles: &["AKIA", "ASIA", "ABIA", "ACCA", "A3T"],
        shape: r"\b(?:AKIA|ASIA|ABIA|ACCA|A3T[A-Z0-9])[A-Z0-9]{16}\b",
        begin: r"\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]*",
        source: "docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html",
        example: "AKIAIOSFODNN7EXAMPLE",
    },
    Shape {
        name: "Google API key",
        needles: &["AIza"],
        shape: r"\bAIza[A-Za-z0-9_-]{35}",
        begin: r"\bAIza[A-Za-z0-9_-]*",
        source: "cloud.google.com/docs/authentication/api-keys",
        example: "AIzaSyA1234567890abcdefghijklmnopqrstuv",
    },
    Shape {
        name: "Google OAuth token",
        needles: &["ya29.", "GOCSPX-", "1//0"],
        shape: r"\b(?:ya29\.[A-Za-z0-9_-]{20,}|GOCSPX-[A-Za-z0-9_-]{20,}|1//0[A-Za-z0-9_-]{20,})",
        begin: r"\b(?:ya29\.|GOCSPX-|1//0)[A-Za-z0-9_-]*",
        source: "developers.google.com/identity/protocols/oauth2",
        example: "ya29.a0AfH6SMBx0123456789abcdef",
    },
    Shape {
        name: "Azure storage key",
        needles: &["=="],
        shape: r"(?:\A|[\s='\x22:,])[A-Za-z0-9+/]{86}==",
        begin: NONE,
        source: "learn.microsoft.com/azure/storage/common/storage-account-keys-manage: 64 bytes in base64",
        example: "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==",
    },
    Shape {
        name: "Azure client secret",
        needles: &["Q~"],
        shape: r"\b[A-Za-z0-9_.~-]{3}[78]Q~[A-Za-z0-9_.~-]{31,34}",
        begin: r"\b[A-Za-z0-9_.~-]{3}[78]Q~[A-Za-z0-9_.~-]*",
        source: "learn.microsoft.com/purview/sit-defn-azure-ad-client-secret",
        example: "abc8Q~0123456789abcdefghijklmnopqrstuvw",
    },
    Shape {
        name: "GitHub token",
        needles: &["ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"],
        shape: r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{22,})",
        begin: r"\b(?:gh[pousr]_|github_pat_)[A-Za-z0-9_]*",
        source: "github.blog/2021-04-05-behind-githubs-new-authentication-token-formats",
        example: "ghp_0123456789abcdefghijABCDEFGHIJ012345",
    },
    Shape {
        name: "GitLab token",
        needles: &[
            "glpat-", "glptt-", "gldt-", "glrt-", "glcbt-", "gloas-", "glsoat-", "glagent-",
            "glimt-", "glft-",
        ],
        shape: r"\bgl(?:pat|ptt|dt|rt|cbt|oas|soat|agent|imt|ft)-[A-Za-z0-9_.-]{20,}",
        begin: r"\bgl(?:pat|ptt|dt|rt|cbt|oas|soat|agent|imt|ft)-[A-Za-z0-9_.-]*",
        source: "docs.gitlab.com/security/tokens: token prefixes",
        example: "glpat-0123456789abcdefghij",
    },
    Shape {
        name: "Slack token",
        needles: &["xox", "xapp-"],
        shape: r"\bx(?:ox[abeoprs]|app|oxe\.xox[bp])-[A-Za-z0-9-]{10,}",
        begin: r"\bx(?:ox[abeoprs]|app)-[A-Za-z0-9-]*",
        source: "api.slack.com/concepts/token-types",
        example: "xoxb-123456789012-1234567890123-abcdefghijklmnopqrstuvwx",
    },
    Shape {
        name: WEBHOOK,
        needles: &["hooks.slack.com/"],
        shape: r"\bhooks\.slack\.com/(?:services|workflows)/[A-Za-z0-9/_-]{20,}",
        begin: r"\bhooks\.slack\.com/(?:services|workflows)/[A-Za-z0-9/_-]*",
        source: "api.slack.com/messaging/webhooks",
        example: "hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX",
    },
    Shape {
        name: "Stripe key",
        needles: &["k_live_", "k_test_", "whsec_"],
        shape: r"\b(?:[srp]k_(?:live|test)|whsec)_[A-Za-z0-9]{16,}",
        begin: r"\b(?:[srp]k_(?:live|test)|whsec)_[A-Za-z0-9]*",
        source: "docs.stripe.com/keys",
        example: "sk_test_4eC39HqLyjWDarjtT1zdp7dc",
    },
    Shape {
        name: "Twilio key",
        needles: &["SK"],
        shape: r"\bSK[0-9a-f]{32}\b",
        begin: r"\bSK[0-9a-f]{4,}",
        source: "twilio.com/docs/iam/api-keys",
        example: "SK0123456789abcdef0123456789abcdef",
    },
    Shape {
        name: "SendGrid key",
        needles: &["SG."],
        shape: r"\bSG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}",
        begin: r"\bSG\.[A-Za-z0-9_.-]*",
        source: "docs.sendgrid.com/ui/account-and-settings/api-keys",
        example: "SG.0123456789abcdefABCDEF.0123456789abcdefghijABCDEFGHIJ0123456789abc",
    },
    Shape {
        name: "npm token",
        needles: &["npm_"],
        shape: r"\bnpm_[A-Za-z0-9]{36}",
        begin: r"\bnpm_[A-Za-z0-9]{4,}",
        source: "github.blog/2021-09-23-announcing-npms-new-access-token-format",
        example: "npm_0123456789abcdefghijABCDEFGHIJ012345",
    },
    Shape {
        name: "PyPI token",
        needles: &["pypi-"],
        shape: r"\bpypi-[A-Za-z0-9_-]{32,}",
        begin: r"\bpypi-AgE[A-Za-z0-9_-]*",
        source: "pypi.org/help: API tokens are macaroons behind pypi-",
        example: "pypi-AgEIcHlwaS5vcmcCJDAxMjM0NTY3LTg5YWItY2RlZi0wMTIzLTQ1Njc4OWFi",
    },
    Shape {
        name: "OpenAI key",
        needles: &["sk-"],
        shape: r"\bsk-(?:(?:proj|svcacct|admin|None)-[A-Za-z0-9_-]{20,}|[A-Za-z0-9]{32,})",
        begin: r"\bsk-(?:proj|svcacct|admin)-[A-Za-z0-9_-]*",
        source: "platform.openai.com/docs/api-reference/authentication",
        example: "sk-proj-0123456789abcdefghijABCDEFGHIJ",
    },
    Shape {
        name: "Anthropic key",
        needles: &["sk-ant-"],
        shape: r"\bsk-ant-[A-Za-z0-9_-]{20,}",
        begin: r"\bsk-ant-[A-Za-z0-9_-]*",
        source: "docs.anthropic.com/en/api/overview",
        example: "sk-ant-api03-0123456789abcdefghijABCDEFGHIJ",
    },
    Shape {
        name: "Hugging Face token",
        needles: &["hf_", "api_org_"],
        shape: r"\b(?:hf|api_org)_[A-Za-z0-9]{30,}",
        begin: r"\b(?:hf|api_org)_[A-Za-z0-9]{4,}",
        source: "huggingface.co/docs/hub/security-tokens",
        example: "hf_0123456789abcdefghijABCDEFGHIJ0123",
    },
    Shape {
        name: "DigitalOcean token",
        needles: &["_v1_"],
        shape: r"\bdo[opr]_v1_[0-9a-f]{64}",
        begin: r"\bdo[opr]_v1_[0-9a-f]*",
        source: "docs.digitalocean.com/reference/api/create-personal-access-token",
        example: "dop_v1_0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
    },
    Shape {
        name: "Telegram bot token",
        needles: &[":AA"],
        shape: r"\b[0-9]{8,10}:AA[A-Za-z0-9_-]{33}",
        begin: r"\b[0-9]{8,10}:AA[A-Za-z0-9_-]*",
        source: "core.telegram.org/bots/api#authorizing-your-bot",
        example: "123456789:AA0123456789abcdefghijABCDEFGHIJ012",
    },
    Shape {
        name: "Mailgun key",
        needles: &["key-"],
        shape: r"\bkey-[0-9a-f]{32}\b",
        begin: r"\bkey-[0-9a-f]{4,}",
        source: "documentation.mailgun.com: API keys",
        example: "key-0123456789abcdef0123456789abcdef",
    },
    Shape {
        name: "Shopify token",
        needles: &["shpat_", "shpca_", "shppa_", "shpss_", "shptka_"],
        shape: r"\bshp(?:at|ca|pa|ss|tka)_[A-Fa-f0-9]{32}",
        begin: r"\bshp(?:at|ca|pa|ss|tka)_[A-Fa-f0-9]*",
        source: "shopify.dev/changelog/length-of-the-shopify-access-token-is-increasing",
        example: "shpat_0123456789abcdef0123456789abcdef",
    },
    Shape {
        name: "Docker token",
        needles: &["dckr_"],
        shape: r"\bdckr_(?:pat|oat)_[A-Za-z0-9_-]{20,}",
        begin: r"\bdckr_(?:pat|oat)_[A-Za-z0-9_-]*",
        source: "docs.docker.com/security/access-tokens",
        example: "dckr_pat_0123456789abcdefABCDEF01234",
    },
    Shape {
        name: "Databricks token",
        needles: &["dapi"],
        shape: r"\bdapi[0-9a-f]{32}(?:-[0-9])?\b",
        begin: r"\bdapi[0-9a-f]{4,}",
        source: "docs.databricks.com/en/dev-tools/auth/pat.html",
        example: "dapi0123456789abcdef0123456789abcdef",
    },
    Shape {
        name: "age secret key",
        needles: &["AGE-SECRET-KEY-"],
        shape: r"\bAGE-SECRET-KEY-1[A-Z0-9]{20,}",
        begin: r"\bAGE-SECRET-KEY-[A-Z0-9]*",
        source: "age-encryption.org/v1: Bech32 with the prefix AGE-SECRET-KEY-",
        example: "AGE-SECRET-KEY-1QQPQQPQQPQQPQQPQQPQQPQQPQQPQQPQQPQQPQQPQQPQQPQQPQQ",
    },
];
