"""
Copies an object in parts: in durable steps over temp and part objects, or straight into the final upload.

Every step leaves something that a later run can prove and use, so a run may die at any moment. Parts go through the
steps by themselves, each as soon as the step before is done.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from s3copy_async.copying.agreement import GUESSED_WRONG, Foretold, Votes, foretell
from s3copy_async.copying.alias import readable_source
from s3copy_async.copying.carry import UploadWishes, settle_tags, temp_wishes, upload_wishes, upload_with_less
from s3copy_async.copying.compose import Composer, Target
from s3copy_async.copying.direct import DirectMaker
from s3copy_async.copying.exists import in_the_way, must_be_absent
from s3copy_async.copying.finish import Finished, done_on_record, finish
from s3copy_async.copying.job import CopyJob, copied, failed, skipped
from s3copy_async.copying.lanes import even, in_lanes
from s3copy_async.copying.layout import Shape, certain, read_shape
from s3copy_async.copying.leftovers import listed_parts, trusted
from s3copy_async.copying.outline import Outline
from s3copy_async.copying.pinned import still_the_same
from s3copy_async.copying.steps import MadePart, PartMaker, PartSource, PartWishes, contradict
from s3copy_async.copying.whole import copy_whole
from s3copy_async.copying.work import Folder, Inventory, take_inventory
from s3copy_async.errors import Failure, ListingError, NotFound, PreconditionFailed, S3Error, Unproven, UploadGone
from s3copy_async.events import ObjectStarted, PartFailed
from s3copy_async.model import CopyAnswer, CopyResult, CopyTask, ObjectInfo, Pairs, Proof, SkipReason
from s3copy_async.options import MAX_COPY, Verify
from s3copy_async.parts import Part


async def copy_staged(task: CopyTask, source: ObjectInfo, job: CopyJob) -> CopyResult:
    """
    Copies `source`, pinned by its ETag, in parts.

    Raises:
        PreconditionFailed, NotFound: the source is no longer the one that was listed.
        S3Error: a request was refused, or patience ran out.
        Interrupted: the run is to end.
    """
    if not await job.probe.copies_parts():
        if source.size <= MAX_COPY:
            return await copy_whole(task, source, job)
        return failed(task._replace(source=source), "CannotFit", "this store copies no parts: 5 GiB are the most")
    try:
        copy = await PartsCopy.begin(task, source, job)
        return await copy.run()
    except Unproven as error:
        return failed(task._replace(source=source), error.code, error.reason)
    except ListingError as error:
        return failed(task._replace(source=source), "WorkArea", f"the work area cannot be read: {error}")


class PartsCopy:
    """
    One object on its way.
    """

    def __init__(self, plan: Outline, shape: Shape, inventory: Inventory, job: CopyJob) -> None:
        self._plan = plan
        self._shape = shape
        self._inventory = inventory
        self._job = job
        self._made: dict[int, MadePart] = {}
        self._votes: dict[int, Votes] = {}
        self._source = PartSource(job.source_bucket, plan.task.key, shape.head.info, ranged=shape.layout.count > 1)
        self._maker = self._new_maker()
        self._wishes = UploadWishes()
        self._target = Target(job.dest_bucket, plan.task.dest_key, shape.head.info, shape.layout, direct=plan.direct)
        self._composer = self._new_composer()

    @classmethod
    async def begin(cls, task: CopyTask, source: ObjectInfo, job: CopyJob) -> PartsCopy:
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
        shape = replace(shape, head=replace(shape.head, info=now._replace(size=source.size, version=source.version)))
        direct = await job.direct()
        folder = Folder.of(job.parts.work_bucket or job.dest_bucket, job.parts.work_prefix, source)
        inventory = Inventory(known=False) if direct else await take_inventory((job.store, *job.dest_lists), folder)
        if inventory.contradicts(shape.layout):
            # An earlier run may have found out more about uneven parts.
            shape = await certain(job.store, job.source_bucket, shape.head.info, shape) or shape
        algorithm = shape.algorithm or ("CRC64NVME" if job.is_aws else "")
        checksums = (("ChecksumAlgorithm", algorithm), ("ChecksumType", "FULL_OBJECT")) if algorithm else ()
        opaque = not await job.probe.etag_formula()
        return cls(Outline(task, folder, checksums, direct, opaque), shape, inventory, job)

    def _new_maker(self) -> PartMaker | DirectMaker:
        if self._plan.direct:
            return DirectMaker(self._source, opaque=self._plan.opaque)
        wishes = PartWishes(temp_wishes(self._job) + self._plan.checksums, self._plan.opaque)
        return PartMaker(self._source, self._plan.folder, self._inventory, self._job, wishes)

    def _new_composer(self) -> Composer:
        target = replace(self._target, layout=self._shape.layout)
        return Composer(target, self._plan.folder, self._inventory, self._job, self._with_less)

    async def _ask_for(self) -> None:
        """
        Finds out what the final upload is to be begun with.
        """
        self._wishes = wishes = await upload_wishes(self._shape.head, self._shape.head.info, self._job)
        settings = wishes.settings + self._plan.checksums
        self._target = replace(self._target, settings=settings, metadata=wishes.metadata)
        self._composer = self._new_composer()

    def _with_less(self, error: S3Error) -> Pairs | None:
        """
        The settings that an upload may be begun with where those it was to have were refused.
        """
        less = upload_with_less(self._wishes, error, self._job)
        if less is None:
            return None
        self._wishes = less
        return less.settings + self._plan.checksums

    async def run(self) -> CopyResult:
        """
        Brings the object to its destination.
        """
        task, layout = self._plan.task, self._shape.layout
        if await self._done_before():
            return skipped(task, SkipReason.SAME, layout.size, Proof.RECORD)
        if kept := in_the_way(task, self._job):
            return kept
        await self._ask_for()
        self._made = trusted(self._shape, self._inventory)
        if not self._made:
            self._source = await readable_source(self._source, self._plan.folder, self._job)
            self._maker = self._new_maker()
        waiting = layout.count - len(self._made)
        self._job.emit(ObjectStarted(task.key, task.dest_key, layout.size, waiting, layout.count))
        await self._through_steps()
        await self._settle_disagreement()
        answer, proof, was_there = await self._complete()
        if was_there:
            await self._finish(answer.etag)
            return skipped(task, SkipReason.SAME, layout.size, proof)
        lost = await settle_tags(self._job.dest_bucket, task.dest_key, self._wishes, self._job)
        await self._finish(answer.etag)
        method = "direct" if self._plan.direct else "staged"
        return copied(task, self._shape.head.info, answer.etag, proof, self._wishes.lost + lost, method)

    # What is there already

    async def _done_before(self) -> bool:
        """
        Whether a record says that the destination is the copy of this version, although its ETag cannot be equal.
        """
        plan, source = self._plan, self._shape.head.info
        there = plan.task.there
        if there is None or there.size != source.size:
            return False
        key = plan.folder.record("done", self._job.dest_bucket, plan.task.dest_key)
        if self._inventory.known and key not in self._inventory.others:
            return await self._composed_before(there)
        return await done_on_record(plan.task, source, self._job)

    async def _composed_before(self, there: ObjectInfo) -> bool:
        """
        Whether the destination is composed of the listed part objects, and each of them is proven by its metadata.
        """
        if listed_parts(self._shape.layout, self._inventory, there.etag) is None:
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

    # Steps

    async def _through_steps(self) -> None:
        """
        Takes every part through all its steps. An upload that somebody ended meanwhile is begun anew.
        """
        job, layout = self._job, self._shape.layout
        most = even(layout.count, job.limits.at_most)
        for last_try in (False, False, True):
            try:
                await in_lanes(layout.parts(), self._step, job.lanes, job.stopping, most)
            except UploadGone:
                if last_try:
                    raise
                self._composer = self._restarted()
            else:
                return

    async def _step(self, part: Part) -> None:
        if part.number in self._composer.etags:
            return
        try:
            await self._all_steps(part)
        except (S3Error, Unproven) as error:
            reason = error.reason if isinstance(error, Unproven) else str(error)
            self._job.emit(PartFailed(self._plan.task.key, part.number, reason))
            raise

    async def _all_steps(self, part: Part) -> None:
        made = self._made.get(part.number) or await self._maker.make(part)
        for _ in range(self._job.limits.retries + 1):
            self._made[part.number] = made
            try:
                await self._composer.add(made)
            except (NotFound, PreconditionFailed):
                if self._plan.direct:
                    raise
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

    def _foretold(self) -> Foretold:
        return foretell(self._composer, self._shape)

    async def _settle_disagreement(self) -> None:
        """
        The parts do not add up to the source: their sizes were guessed wrong, or their bytes are.

        First the layout is asked for part by part. Then every part is copied again, and those that came out differently
        until there is a majority.
        """
        foretold = self._foretold()
        if not foretold.denies(self._shape):
            return
        if better := await certain(self._job.store, self._job.source_bucket, self._shape.head.info, self._shape):
            await self._again(better)
            foretold = self._foretold()
            if not foretold.denies(self._shape):
                return
        if self._shape.head.parts == 0 and not contradict(foretold.checksum, self._shape.head.info.checksum):
            # Only a guess of ours: this store tells no layout, so the ETags need not be equal.
            self._shape = replace(self._shape, own=False)
            self._job.say_once(GUESSED_WRONG.format(self._job.source_bucket))
            return
        for _ in range(self._job.limits.retries + 1):
            await self._voted(self._shape.layout.parts(), 1)
            if self._foretold().denies(self._shape):
                await self._voted(iter(self._suspects()), self._job.limits.retries + 2)
            if not self._foretold().denies(self._shape):
                return
        raise Unproven("WrongETag", "the parts do not add up to the source, though copied again; run again")

    async def _again(self, shape: Shape) -> None:
        await self._composer.drop()
        self._shape = shape
        self._made, self._votes = {}, {}
        if not self._plan.direct:
            readers = (self._job.store, *self._job.dest_lists)
            self._inventory = await take_inventory(readers, self._plan.folder)
        self._maker = self._new_maker()
        self._composer = self._restarted()
        await self._through_steps()

    async def _voted(self, parts: Iterator[Part], copies: int) -> None:
        """
        Copies parts anew, at most so many times each, until the bytes that came out most often are in place.
        """

        async def again(part: Part) -> None:
            votes = self._votes.setdefault(part.number, Votes(self._composer.identity(part.number)))
            for _ in range(copies):
                self._made[part.number] = made = await self._maker.make(part, fresh=True)
                await self._composer.add(made, again=True)
                votes.add(self._composer.identity(part.number))
                if votes.settled:
                    return

        await in_lanes(parts, again, self._job.lanes, self._job.stopping)

    def _suspects(self) -> list[Part]:
        return [part for part in self._shape.layout.parts() if not self._votes[part.number].settled]

    # The end

    async def _complete(self) -> tuple[CopyAnswer, Proof, bool]:
        """
        Completes the upload, unless the destination holds the same object already.
        """
        source, there = self._shape.head.info, self._plan.task.there
        foretold = self._foretold()
        proof = foretold.proof(source)
        if there and foretold.etag is not None and (there.etag, there.size) == (foretold.etag, source.size):
            await self._composer.drop()
            return CopyAnswer(foretold.etag), proof, True
        if proof is Proof.SERVER:
            await self._check_source(source)
        if_absent = await self._must_be_absent()
        try:
            answer = await self._composer.complete(foretold.etag, foretold.checksum, if_absent=if_absent)
        except UploadGone:
            self._composer = self._restarted()
            await self._through_steps()
            answer = await self._composer.complete(foretold.etag, foretold.checksum, if_absent=if_absent)
        if contradict(answer.checksum, source.checksum):
            raise Unproven("WrongChecksum", "the composed object has another checksum than its source; run again")
        if answer.opaque and proof is Proof.ETAG_LAYOUT:
            proof = Proof.SERVER
        if proof is Proof.SERVER and answer.checksum and answer.checksum == source.checksum:
            proof = Proof.CHECKSUM
        return answer, proof, False

    async def _must_be_absent(self) -> bool:
        try:
            return await must_be_absent(self._plan.task, self._job, completing=True)
        except PreconditionFailed:
            await self._composer.drop()
            raise

    async def _check_source(self, source: ObjectInfo) -> None:
        """
        Where nothing tells that all parts are of one version, a look does. And it may be that S3's word is not enough.
        """
        if not await still_the_same(source, self._job):
            await self._composer.drop()
            raise PreconditionFailed(Failure("HeadObject", "PreconditionFailed", 412))
        if self._job.verify is Verify.REQUIRED:
            words = "neither its ETag nor a checksum can show that the copy is right: not completed (--verify required)"
            raise Unproven("Unproven", words)

    async def _finish(self, etag: str) -> None:
        plan = self._plan
        done = Finished(self._shape.head.info, self._shape.layout, plan.task.dest_key, etag, plan.direct)
        await finish(done, plan.folder, self._inventory, self._job)
        if self._source.key == plan.folder.alias:
            await self._job.tidy(plan.folder.bucket, plan.folder.alias)
