"""
Every option, once, in the order and the sections of the help.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import click

from s3copy_async import KEEP, Compare, IfExists, ListVersion, Multipart, Progress, Transport, Verify, __version__
from s3copy_async.cli.params import (
    CLASS,
    CLASSES,
    COUNT,
    DURATION,
    GRANT,
    MOMENT,
    PAIR,
    RATE,
    SIZE,
    URI,
    Argument,
    option,
)

LEVELS: Final = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
Decorator = Callable[[Any], Any]

_SELECTION: Final = "Selection"
_FILTERS: Final = "Filters"
_DELETION: Final = "Deletion"
_ACCESS: Final = "Credentials and endpoint"
_COPYING: Final = "Copying"
_CARRYING: Final = "Metadata and access"
_SHOWING: Final = "Output"


def _version(ctx: click.Context, _param: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        click.echo(f"s3copy {__version__}")
        ctx.exit()


def apply(*decorators: Decorator) -> Decorator:
    """
    Several decorators as one, the first shown first in the help.
    """

    def decorate(command: Any) -> Any:
        for decorator in reversed(decorators):
            command = decorator(command)
        return command

    return decorate


ARGUMENTS: Final = apply(
    click.argument("source", type=URI, cls=Argument),
    click.argument("dest", type=URI, cls=Argument, required=False),
)
BOTH_ARGUMENTS: Final = apply(
    click.argument("source", type=URI, cls=Argument),
    click.argument("dest", type=URI, cls=Argument),
)
PLACE: Final = click.argument("dest", type=URI, cls=Argument)
CLEANING: Final = apply(
    option("--yes", is_flag=True, section=_SELECTION, env=False, help="Remove what is shown."),
    option("--older-than", section=_SELECTION, type=DURATION, metavar="DURATION", help="Only folders that nothing was written to for so long, such as 7d."),
)  # fmt: skip
SELECTION: Final = apply(
    option(
        "-f", "--file", "files", section=_SELECTION, env=False, multiple=True, variadic=True, metavar="KEY...",
        help="Copy these keys, relative to SOURCE.",
    ),
    option(
        "-p", "--prefix", "prefixes", section=_SELECTION, env=False, multiple=True, variadic=True, metavar="PREFIX...",
        help="Copy what lies below these prefixes, relative to SOURCE; a trailing * works as in SOURCE.",
    ),
    option(
        "-F", "--files", "files_from", section=_SELECTION, env=False, type=click.Path(), metavar="FILE",
        help="Copy the keys listed in FILE, one a line; - is standard input. # begins a comment; a JSON string is a key.",
    ),
    option(
        "-P", "--prefixes", "prefixes_from", section=_SELECTION, env=False, type=click.Path(), metavar="FILE",
        help="Copy what lies below the prefixes listed in FILE, one a line; - is standard input.",
    ),
)  # fmt: skip
DRY_RUN: Final = option(
    "-n", "--dry-run", is_flag=True, section=_SELECTION, help="Copy nothing; show what would be copied."
)
DELETION: Final = apply(
    option("--delete", is_flag=True, section=_DELETION, env=False, help="Delete what SOURCE lacks from its place in DEST, when all is copied and nothing failed."),
    option("--max-delete", section=_DELETION, type=COUNT, env=False, metavar="N", help="Delete nothing at all where it would be more objects; 0 is no limit.  [1000]"),
    option("--delete-excluded", is_flag=True, section=_DELETION, env=False, help="Delete what the filters leave out too."),
)  # fmt: skip
EXACT: Final = option(
    "-T",
    "--no-target-directory",
    is_flag=True,
    section=_SELECTION,
    help="SOURCE is one object, DEST its whole new key.",
)
VERSION: Final = option(
    "--version-id",
    section=_SELECTION,
    metavar="ID",
    help="This version of SOURCE, which is one object; the same as s3://bucket/key?versionId=ID.",
)
ONE_WAY: Final = option(
    "--one-way", is_flag=True, section=_SELECTION, help="Do not report what only the destination has."
)
# What leaves objects out is never taken from the environment: a forgotten variable must not narrow a copy.
FILTERS: Final = apply(
    option("--include", section=_FILTERS, env=False, multiple=True, metavar="GLOB", help="Take what matches. Of all --include and --exclude that match a name, the last decides; if the first is an --include, what matches none is left out. Repeatable."),
    option("--exclude", section=_FILTERS, env=False, multiple=True, metavar="GLOB", help="Leave out what matches. *.tmp: at any depth; a/*.tmp, /x: from SOURCE on; tmp/: all below such folders; ** crosses slashes. Repeatable."),
    option("--min-size", section=_FILTERS, env=False, type=SIZE, metavar="SIZE", help="Only objects of at least this size."),
    option("--max-size", section=_FILTERS, env=False, type=SIZE, metavar="SIZE", help="Only objects of at most this size."),
    option("--newer-than", section=_FILTERS, env=False, type=MOMENT, metavar="WHEN", help="Only objects written later: 7d before the start, or 2026-01-31, 2026-01-31T12:00:00Z. Without an offset it is UTC."),
    option("--older-than", section=_FILTERS, env=False, type=MOMENT, metavar="WHEN", help="Only objects written earlier; likewise."),
    option("--only-storage-class", "storage_classes", section=_FILTERS, env=False, multiple=True, type=CLASSES, metavar="CLASS,...", help="Only objects of these storage classes. Repeatable."),
)  # fmt: skip
LIMIT: Final = option(
    "--limit",
    section=_FILTERS,
    env=False,
    type=COUNT,
    metavar="N",
    help="Copy N objects at most, those that are there already not counted.",
)
ACCESS: Final = apply(
    option("-a", "--access-key", section=_ACCESS, metavar="KEY_ID", help="AWS access key id. Others can read it: prefer -c, --profile or the environment."),
    option("-k", "--secret-key", section=_ACCESS, metavar="SECRET", help="AWS secret key. Others can read it: as above."),
    option(
        "-c", "--config-file", "--config_file", "config_file", section=_ACCESS, type=click.Path(), metavar="FILE",
        help="s3cmd configuration to take keys and host from. [~/.s3cfg is used where nothing else gives keys]",
    ),
    option("-d", "--dest-config", section=_ACCESS, type=click.Path(), metavar="FILE", help="s3cmd configuration that lists and looks up the destination."),
    option("--profile", section=_ACCESS, metavar="NAME", help="Profile of the AWS configuration."),
    option("--no-sign-request", is_flag=True, section=_ACCESS, help="Use no credentials: public buckets."),
    option("--endpoint-url", section=_ACCESS, metavar="URL", help="A store other than Amazon's, such as http://127.0.0.1:9000."),
    option("--region", section=_ACCESS, metavar="REGION", help="Region to sign for where a bucket's own is not known."),
    option("--addressing-style", section=_ACCESS, type=click.Choice(["auto", "path", "virtual"]), default="auto", help="Bucket in the path or in the host name; auto is path for --endpoint-url."),
    option("--ca-bundle", section=_ACCESS, type=click.Path(), metavar="FILE", help="Trust the certificates of FILE."),
    option("--no-verify-ssl", is_flag=True, section=_ACCESS, help="Accept any certificate."),
    option("--transport", section=_ACCESS, type=click.Choice([item.value for item in Transport]), metavar="[auto|wire|aiobotocore]", default="auto", show_default=True, help="What sends the requests. auto: our own lean HTTP, and aiobotocore for what is unusual."),
    option("--list-version", section=_ACCESS, type=click.Choice([item.value for item in ListVersion]), metavar="[auto|1|2]", default="auto", show_default=True, help="Version of the S3 listing to ask for. auto: 2, and 1 for buckets whose store knows no other."),
    option("--request-payer", is_flag=True, section=_ACCESS, help="Agree to pay for requests to buckets whose owner lets others pay."),
)  # fmt: skip
COPYING: Final = apply(
    option("--large-file", section=_COPYING, type=SIZE, default="5GiB", show_default=True, metavar="SIZE", help="Copy larger objects in parts, like those that were uploaded in parts; at most 5GiB."),
    option("--part-size", section=_COPYING, type=SIZE, metavar="SIZE", help="Size of parts, 5MiB to 5GiB.  [the source's own, so that ETags stay equal; else 64MiB]"),
    option("--multipart", section=_COPYING, type=click.Choice([item.value for item in Multipart]), metavar="[staged|direct|auto]", default="staged", show_default=True, help="Copy parts over temp and part objects, or directly. auto: directly where such objects would do harm (versioned, locked or replicated destination)."),
    option("--keep-parts/--no-keep-parts", section=_COPYING, default=True, show_default=True, help="Keep the temp and part objects of a copy in parts."),
    option("--verify", section=_COPYING, type=click.Choice([item.value for item in Verify]), metavar="[auto|required]", default="auto", show_default=True, help="required: fail objects that nothing but the store's own word proves right."),
    option("--retries", section=_COPYING, type=COUNT, default="3", show_default=True, metavar="N", help="Repeats after a copy that came back with a wrong ETag."),
)  # fmt: skip
LIMITS: Final = apply(
    option("-t", "--threads", section=_COPYING, type=COUNT, metavar="N", help="S3 requests in flight at once; 0 is one at a time.  [40 at first, up to 1024 while more of them get more done]"),
    option("--max-rate", section=_COPYING, type=RATE, metavar="N", help="S3 requests per second at most.  [no limit]"),
    option("--retry-for", section=_COPYING, type=DURATION, default="15m", show_default=True, metavar="DURATION", help="Repeat a failing or throttled request for so long."),
    option("--work-prefix", section=_COPYING, default="temp", show_default=True, metavar="PREFIX", help="Where work in progress is kept; it is never copied or compared."),
)  # fmt: skip
DEST_OWNER: Final = option(
    "--expected-dest-owner",
    section=_ACCESS,
    metavar="ACCOUNT",
    help="Account (12 digits) that must own the bucket of DEST and the work area; else every request is refused.",
)
OWNERS: Final = apply(
    option("--expected-source-owner", section=_ACCESS, metavar="ACCOUNT", help="Account (12 digits) that must own the bucket of SOURCE."),
    DEST_OWNER,
)  # fmt: skip
WORK_BUCKET: Final = option(
    "--work-bucket",
    section=_COPYING,
    metavar="BUCKET",
    help="Keep work in progress in this bucket.  [the destination's]",
)
COMPARE: Final = option(
    "--compare",
    section=_COPYING,
    type=click.Choice([item.value for item in Compare]),
    metavar="[auto|etag|checksum|size|size-time]",
    default="auto",
    show_default=True,
    help="What shows that DEST is its source already. auto: ETags, else checksums, records of earlier copies and, where encryption hides the rest, size and time. checksum: looks at those of every pair. size, size-time: believe listings.",
)
DEEP: Final = option("--deep", is_flag=True, section=_COPYING, help="Compare headers, user metadata and tags too.")
IF_EXISTS: Final = option(
    "--if-exists", section=_COPYING, type=click.Choice([item.value for item in IfExists]), metavar="[overwrite|skip|fail]", default="overwrite", show_default=True,
    help="What to do where DEST holds another object under that key; equal ones are never copied.",
)  # fmt: skip
CARRYING: Final = apply(
    option("--metadata", section=_CARRYING, multiple=True, type=PAIR, metavar="KEY=VALUE", help="User metadata that replaces or joins the source's. Repeatable."),
    option("--content-type", section=_CARRYING, metavar="TYPE", help="Content-Type instead of the source's."),
    option("--cache-control", section=_CARRYING, metavar="VALUE", help="Cache-Control instead of the source's."),
    option("--tag", "tags", section=_CARRYING, multiple=True, type=PAIR, metavar="KEY=VALUE", help="Tag that replaces or joins the source's. Repeatable."),
    option("--storage-class", section=_CARRYING, type=CLASS, metavar="[keep|CLASS]", help="Storage class of the copies; keep is the source's.  [the destination's default]"),
    option("--sse", section=_CARRYING, metavar="[AES256|aws:kms|aws:kms:dsse]", help="Encryption of the copies.  [the destination's default]"),
    option("--sse-kms-key-id", section=_CARRYING, metavar="KEY_ID", help="Key for --sse aws:kms or aws:kms:dsse."),
    option("--acl", section=_CARRYING, metavar="[keep|ACL]", help="Canned ACL for the copies, such as bucket-owner-full-control; keep is the source's grants.  [private]"),
    option("--acl-grant", "grants", section=_CARRYING, multiple=True, type=GRANT, metavar="PERMISSION:GRANTEE", help="Grant READ, WRITE, READ_ACP, WRITE_ACP or FULL_CONTROL on what is made to a canonical user id, the URI of a group or, where the store takes it, an e-mail address. Repeatable."),
    option("--object-lock", section=_CARRYING, type=click.Choice([KEEP]), metavar="[keep]", help="Carry retention and legal hold of the source over."),
)  # fmt: skip
REPORTS: Final = apply(
    option("--report", section=_SHOWING, type=click.Path(), metavar="FILE", help="Write a JSON line for every object to FILE."),
    option("--failures", section=_SHOWING, type=click.Path(), metavar="FILE", help="Write the keys that failed to FILE, as -F reads them."),
)  # fmt: skip
PAGE: Final = option(
    "--html",
    section=_SHOWING,
    type=click.Path(),
    metavar="FILE",
    help="Write a page about the run to FILE, to look at in a browser.",
)
SHOWING: Final = apply(
    option("--progress", section=_SHOWING, type=click.Choice([item.value for item in Progress]), metavar="[auto|plain|json|none]", default="auto", show_default=True, help="How to show the run. none: no progress, only failures and the summary. json: one object per event on standard output."),
    option("-q", "--quiet", is_flag=True, section=_SHOWING, help="Show only what goes wrong, and of a dry run only its totals."),
    option("-v", "--verbose", count=True, section=_SHOWING, help="Show every object."),
    option("-l", "--log-level", section=_SHOWING, type=click.Choice(LEVELS, case_sensitive=False), metavar="LEVEL", help="Log from DEBUG, INFO, WARNING, ERROR or CRITICAL on.  [INFO with -L, else no log]"),
    option("-L", "--log-file", section=_SHOWING, type=click.Path(), metavar="FILE", help="Append the log to FILE instead of standard error."),
    option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, section=_SHOWING, env=False, help="Show the version and exit."),
)  # fmt: skip
