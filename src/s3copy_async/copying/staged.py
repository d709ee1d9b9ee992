"""
Copies an object in durable steps: temp objects, part objects, and the final object composed of them.

Every step leaves something that a later run can prove and use, so a run may die at any moment. Parts go through the
steps by themselves, each as soon as the step before is done.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from s3copy_async.copying.alias import readable_source
from s3copy_async.copying.compose import Composer, Target
from s3copy_async.copying.finish import Finished, done_on_record, finish, is_unchanged
from s3copy_async.copying.job import CopyJob, copied, failed, skipped
from s3copy_async.copying.lanes import in_lanes
from s3copy_async.copying.layout import Shape, certain, read_shape
from s3copy_async.copying.steps import MadePart, PartMaker, PartSource
from s3copy_async.copying.work import Folder, Inventory, take_inventory
from s3copy_async.errors import Failure, ListingError, NotFound, PreconditionFailed, Unproven, UploadGone
from s3copy_async.events import ObjectStarted
from s3copy_async.model import CopyResult, CopyTask, ObjectInfo, Proof, SkipReason
from s3copy_async.parts import Part, multipart_etag


async def copy_staged(task: CopyTask, source: ObjectInfo, job: CopyJob) -> CopyResult:
    """
    Copies `source`, pinned by its ETag, in parts.

    Raises:
        PreconditionFailed, NotFound: the source is no longer the one that was listed.
        S3Error: a request was refused, or patience ran out.
        Interrupted: the run is to end.
    """
    try:
        copy = await StagedCopy.begin(task, source, job)
        return await copy.run()
    except Unproven as error:
        return failed(task._replace(source=source), error.code, error.reason)
    except ListingError as error:
        return failed(task._replace(source=source), "WorkArea", f"the work area cannot be read: {error}")


class StagedCopy:
    """
    One object on its way.
    """

    def __init__(self, task: CopyTask, shape: Shape, folder: Folder, inventory: Inventory, job: CopyJob) -> None:
        self._task = task
        self._shape = shape
        self._folder = folder
        self._inventory = inventory
        self._job = job
        self._there = task.there
        self._made: dict[int, MadePart] = {}
        self._source = PartSource(job.source_bucket, task.key, shape.head.info, ranged=shape.layout.count > 1)
        self._maker = PartMaker(self._source, folder, inventory, job)
        self._composer = self._new_composer()

    @classmethod
    async def begin(cls, task: CopyTask, source: ObjectInfo, job: CopyJob) -> StagedCopy:
        """
        Looks at the source and at what an earlier run left.

        Raises:
            PreconditionFailed: the source is another by now.
            Unproven: it cannot be held in such parts.
        """
        shape = await read_shape(job.store, job.source_bucket, source, job.parts.size)
        now = shape.head.info
        if now.etag != source.etag:
            raise PreconditionFailed(Failure("HeadObject", "PreconditionFailed", 412))
        # The same version has the same size, whatever a store says of it when it is asked for a part.
        shape = replace(shape, head=replace(shape.head, info=now._replace(size=source.size)))
        bucket = job.parts.work_bucket or job.dest_bucket
        folder = Folder.of(bucket, job.parts.work_prefix, source)
        inventory = await take_inventory((job.store, *job.dest_lists), folder)
        if inventory.contradicts(shape.layout):
            # An earlier run may have found out more about uneven parts.
            shape = await certain(job.store, job.source_bucket, shape.head.info, shape) or shape
        return cls(task, shape, folder, inventory, job)

    def _new_composer(self) -> Composer:
        job, shape = self._job, self._shape
        target = Target(job.dest_bucket, self._task.dest_key, shape.head, shape.layout, job.grants)
        return Composer(target, self._folder, self._inventory, self._job)

    async def run(self) -> CopyResult:
        """
        Brings the object to its destination.
        """
        if await self._done_before():
            return skipped(self._task, SkipReason.SAME, self._shape.layout.size)
        self._trust_listed_parts()
        if not self._made:
            self._source = await readable_source(self._source, self._folder, self._job)
            self._maker = PartMaker(self._source, self._folder, self._inventory, self._job)
        layout = self._shape.layout
        self._job.emit(
            ObjectStarted(
                self._task.key, self._task.dest_key, layout.size, layout.count - len(self._made), layout.count
            )
        )
        await self._through_steps()
        await self._settle_disagreement()
        answer_etag, proof, was_there = await self._complete()
        await self._finish(answer_etag)
        if was_there:
            return skipped(self._task, SkipReason.SAME, layout.size)
        return copied(self._task, self._shape.head.info, answer_etag, proof, self._shape.head.lost)

    # What is there already

    async def _done_before(self) -> bool:
        """
        Whether a record says that the destination is the copy of this version, although its ETag cannot be equal.
        """
        source = self._shape.head.info
        there = self._there
        if there is None or there.size != source.size:
            return False
        key = self._folder.record("done", self._job.dest_bucket, self._task.dest_key)
        if self._inventory.known and key not in self._inventory.others:
            return await self._composed_before(there)
        return await done_on_record(self._task, source, self._job)

    async def _composed_before(self, there: ObjectInfo) -> bool:
        """
        Whether the destination is composed of the listed part objects, and each of them is proven by its metadata.
        """
        if self._listed(there.etag) is None:
            return False
        doubtful: list[Part] = []

        async def look(part: Part) -> None:
            if await self._maker.proven(part) is None:
                doubtful.append(part)

        await in_lanes(self._shape.layout.parts(), look, self._job.lanes, self._job.stopping)
        if doubtful:
            return False
        await self._finish(there.etag)
        return True

    def _listed(self, etag: str) -> dict[int, MadePart] | None:
        """
        The part objects that are there, if all are and together they have this ETag.
        """
        layout, found = self._shape.layout, self._inventory.parts
        if len(found) < layout.count or self._inventory.contradicts(layout):
            return None
        made = {
            part.number: MadePart(part, found[part.number].etag, found[part.number].etag) for part in layout.parts()
        }
        with suppress(ValueError):
            if multipart_etag([one.etag for one in made.values()]) == etag:
                return made
        return None

    def _trust_listed_parts(self) -> None:
        """
        All parts are there, and together they have the source's ETag: then each is proven without a look.
        """
        self._made = self._listed(self._shape.head.info.etag) or {}

    # Steps

    async def _through_steps(self) -> None:
        """
        Takes every part through all three steps. An upload that somebody ended meanwhile is begun anew.
        """
        for last_try in (False, False, True):
            try:
                await in_lanes(self._shape.layout.parts(), self._step, self._job.lanes, self._job.stopping)
            except UploadGone:
                if last_try:
                    raise
                self._composer = self._restarted()
            else:
                return

    async def _step(self, part: Part) -> None:
        if part.number in self._composer.etags:
            return
        made = self._made.get(part.number) or await self._maker.make(part)
        for _ in range(self._job.limits.retries + 1):
            self._made[part.number] = made
            try:
                await self._composer.add(made)
            except (NotFound, PreconditionFailed):
                # Another run cleaned the part object away, or replaced it.
                made = await self._maker.make(part, fresh=True)
            else:
                return
        raise Unproven(
            "PartLost", f"part {part.number} was removed or replaced again and again; is another run active?"
        )

    def _restarted(self) -> Composer:
        self._inventory = replace(self._inventory, others=set(), known=True)
        composer = self._new_composer()
        composer.older = self._composer.older
        return composer

    # Agreement of the whole

    def _foretold(self) -> str | None:
        """
        The ETag that the composed object must get, None where encryption hides it.
        """
        if self._composer.opaque:
            return None
        etags = self._composer.etags
        return multipart_etag([etags[number] for number in sorted(etags)])

    def _disagrees(self) -> bool:
        foretold, source = self._foretold(), self._shape.head.info
        return self._shape.own and not source.opaque and foretold not in (None, source.etag)

    async def _settle_disagreement(self) -> None:
        """
        The parts do not add up to the source's ETag: their sizes were guessed wrong, or their bytes are.

        First the layout is asked for part by part; then all parts are copied again, and those that differ a third time.
        """
        if not self._disagrees():
            return
        if better := await certain(self._job.store, self._job.source_bucket, self._shape.head.info, self._shape):
            await self._again(better)
            if not self._disagrees():
                return
        if self._shape.head.parts == 0:
            # Only a guess of ours: this store tells no layout, so the ETags need not be equal.
            self._shape = replace(self._shape, own=False)
            return
        suspects = {part.number: part for part in self._shape.layout.parts()}
        for _ in range(2):
            suspects = await self._copied_again(suspects)
            if not self._disagrees():
                return
        raise Unproven("WrongETag", "the parts do not add up to the source's ETag, copied three times; run again")

    async def _again(self, shape: Shape) -> None:
        await self._composer.drop()
        self._shape = shape
        self._made = {}
        self._inventory = await take_inventory((self._job.store, *self._job.dest_lists), self._folder)
        self._maker = PartMaker(self._source, self._folder, self._inventory, self._job)
        self._composer = self._restarted()
        await self._through_steps()

    async def _copied_again(self, suspects: dict[int, Part]) -> dict[int, Part]:
        """
        Copies parts anew and puts them in place; returns those that came out differently.
        """
        differing: dict[int, Part] = {}

        async def again(part: Part) -> None:
            before = self._made[part.number].md5
            made = await self._maker.make(part, fresh=True)
            self._made[part.number] = made
            if made.md5 != before:
                differing[part.number] = part
                await self._composer.add(made)

        await in_lanes(iter(suspects.values()), again, self._job.lanes, self._job.stopping)
        return differing

    # The end

    async def _complete(self) -> tuple[str, Proof, bool]:
        """
        Completes the upload, unless the destination holds the same object already.
        """
        source = self._shape.head.info
        foretold = self._foretold()
        proof = Proof.ETAG_LAYOUT if foretold == source.etag else Proof.SERVER
        there = self._there
        if there and foretold is not None and (there.etag, there.size) == (foretold, source.size):
            await self._composer.drop()
            return foretold, proof, True
        if proof is not Proof.ETAG_LAYOUT and not await is_unchanged(source, self._job):
            await self._composer.drop()
            raise PreconditionFailed(Failure("HeadObject", "PreconditionFailed", 412))
        try:
            answer = await self._composer.complete(foretold)
        except UploadGone:
            self._composer = self._restarted()
            await self._through_steps()
            answer = await self._composer.complete(foretold)
        return answer.etag, Proof.SERVER if answer.opaque else proof, False

    async def _finish(self, etag: str) -> None:
        done = Finished(self._shape.head.info, self._shape.layout, self._task.dest_key, etag)
        await finish(done, self._folder, self._inventory, self._job)
        if self._source.key == self._folder.alias:
            await self._job.tidy(self._folder.bucket, self._folder.alias)
