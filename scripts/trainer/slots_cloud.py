"""Slots of clouds, containers and Windows domains. Identifiers are invented."""

from trainer import words

UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
LOWER = "bcdfghjklmnpqrstvwxz2456789"


def digits(c, count):
    """That many decimal digits, the first not zero."""
    return str(c.between(1, 9)) + "".join(c.pick("0123456789") for _ in range(count - 1))


def suffix(c, length):
    """A suffix such as Kubernetes gives to pods."""
    return "".join(c.pick(LOWER) for _ in range(length))


def pod(c, _):
    """A pod of a Deployment, a StatefulSet or a DaemonSet."""
    app = c.pick(words.APPS)
    return c.pick(
        (f"{app}-{c.hex(9)}-{suffix(c, 5)}", f"{app}-{c.between(0, 5)}", f"{app}-{suffix(c, 5)}")
    )


def image(c, _):
    """An image by tag or digest."""
    name = c.pick(
        (
            c.pick(words.APPS),
            f"library/{c.pick(words.APPS)}",
            f"registry.example.com/{c.pick(words.WORDS)}/{c.pick(words.APPS)}",
        )
    )
    tag = c.pick(
        (
            ":latest",
            f":{c.between(1, 9)}.{c.between(0, 30)}",
            f":v{c.between(0, 4)}.{c.between(0, 30)}.{c.between(0, 9)}",
            f"@sha256:{c.hex(64)}",
        )
    )
    return name + tag


def arn_user(c, _):
    """The ARN of an IAM user."""
    return f"arn:aws:iam::{digits(c, 12)}:user/{c.pick(words.FIRST_NAMES + words.SERVICE_USERS)}"


def arn_role(c, _):
    """The ARN of a role."""
    names = (
        "Admin",
        "ReadOnly",
        "Developer",
        "deploy",
        "app-runtime",
        "lambda-exec",
        "backup",
        "eks-node",
        "ci",
    )
    return f"arn:aws:iam::{digits(c, 12)}:role/{c.pick(names)}{c.pick(('', '', '-' + c.pick(words.WORDS)))}"


def sid(c, _):
    """The security identifier of a domain account."""
    parts = "-".join(digits(c, 10)[:9] for _ in range(3))
    return f"S-1-5-21-{parts}-{c.pick((500, 512, c.between(1001, 9999)))}"


def hostname_win(c, _):
    """A NetBIOS host name."""
    kind = c.pick((f"WS-{serial(c, 6)}", f"DESKTOP-{serial(c, 7)}", f"LAPTOP-{serial(c, 8)}"))
    return c.pick(
        (kind, f"{c.pick(('DC', 'FS', 'SQL', 'EXCH', 'WEB', 'APP'))}{c.between(1, 20):02}")
    )


def serial(c, length):
    """Upper-case letters and digits."""
    return "".join(c.pick(UPPER) for _ in range(length))


SLOTS = {
    "pod": pod,
    "namespace": lambda c, _: c.pick(words.NAMESPACES),
    "container_id": lambda c, _: c.hex(c.pick((12, 64))),
    "image": image,
    "aws_account": lambda c, _: digits(c, 12),
    "aws_region": lambda c, _: c.pick(words.AWS_REGIONS),
    "aws_arn_user": arn_user,
    "aws_arn_role": arn_role,
    "s3_bucket": lambda c, _: (
        f"{c.pick(words.WORDS)}-{c.pick(('data', 'logs', 'backup', 'assets', 'prod'))}-{c.hex(4)}"
    ),
    "access_key": lambda c, _: f"{c.pick(('AKIA', 'ASIA'))}{serial(c, 9)}EXAMPLE",
    "instance_id": lambda c, _: f"i-0{c.hex(16)}",
    "azure_sub": lambda c, _: f"{c.hex(8)}-{c.hex(4)}-4{c.hex(3)}-a{c.hex(3)}-{c.hex(12)}",
    "gcp_project": lambda c, _: f"{c.pick(words.WORDS)}-{c.pick(words.WORDS)}-{digits(c, 6)}",
    "sid": sid,
    "hostname_win": hostname_win,
    "domain_win": lambda c, _: c.pick(
        ("CORP", "CONTOSO", "EXAMPLE", "AD", "HQ", "EMEA", "LAB", "ACME")
    ),
}
