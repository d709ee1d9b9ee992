"""
Builds what copies get beside the bytes.
"""

from __future__ import annotations

from s3copy_async import Carry, problems
from s3copy_async.cli.form import Form

_PREFIX = "x-amz-meta-"


def carry_of(form: Form) -> Carry:
    """
    What copies get. What is wrong with it is in the form.
    """
    carry = Carry(
        storage_class=form.get("storage_class"),
        sse=form.get("sse"),
        sse_kms_key_id=form.get("sse_kms_key_id"),
        acl=form.get("acl"),
        object_lock=bool(form.get("object_lock")),
        metadata=tuple((name.lower().removeprefix(_PREFIX), value) for name, value in form.get("metadata") or ()),
        content_type=form.get("content_type"),
        cache_control=form.get("cache_control"),
        tags=tuple(form.get("tags") or ()),
    )
    form.problems_with(problems(carry))
    if carry.acl and form.get("grants"):
        form.problem("--acl and --acl-grant exclude each other: use one of them")
    return carry
