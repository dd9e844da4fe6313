"""What a caption job counts: durable with the captions, so that a kill costs no number."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ingestion_orchestration_fastapi_app.captions.items import Result
from ingestion_orchestration_fastapi_app.captions.pictures import Absent
from ingestion_orchestration_fastapi_app.domain.captions.records import Captioner
from ingestion_orchestration_fastapi_app.domain.jobs.records import Checkpoint
from ingestion_orchestration_fastapi_app.domain.jobs.reports import Example, Report, report_of
from ingestion_orchestration_fastapi_app.jobs.progress import JobProgress

CAPTIONED = "captioned"  # also where their content had been before
FAILED = "failed"
AWAY = "away"
KNOWN = "known"  # failed before, which still counts
_AWAY_WORDS = "image_away"


@dataclass(slots=True)
class Account:
    """`without`: of this run, images that have no caption and are behind it."""

    report: Report
    without: int = 0

    @classmethod
    def of(cls, kept: Checkpoint) -> Account:
        """What a run counts for itself begins anew."""
        report = report_of(kept.report)
        for number in (CAPTIONED, FAILED):
            report.numbers.setdefault(number, 0)
        report.numbers |= {AWAY: 0, KNOWN: 0}
        report.findings.pop(_AWAY_WORDS, None)
        return cls(report)

    @property
    def made(self) -> int:
        return self.report.numbers[CAPTIONED]

    @property
    def done(self) -> int:
        return self.made + self.without

    def pass_over(self, images: int, number: str) -> None:
        """They have no caption, and get none by this run."""
        self.report.numbers[number] += images
        self.without += images

    def count(self, result: Result) -> None:
        images, said = len(result.points), result.said
        if isinstance(said, str):
            self.report.numbers[CAPTIONED] += images
            return
        self.pass_over(images, AWAY if isinstance(said, Absent) else FAILED)
        finding = _AWAY_WORDS if isinstance(said, Absent) else str(said.code)
        for point in result.points:
            self.report.add(finding, Example(point.display_path, str(point.id), said.detail))

    def with_counted(self, results: Iterable[Result]) -> Account:
        """Another one: what is counted twice, since a write is repeated, counts once."""
        after = Account(report_of(self.report.json()), self.without)
        for one in results:
            after.count(one)
        return after

    def checkpoint(self, progress: JobProgress) -> Checkpoint:
        progress.done = self.done
        return Checkpoint(report=self.report.json())

    def words(self, captioner: Captioner) -> str:
        """For the job's end."""
        numbers = self.report.numbers
        text = f"{self.made:,} captions by {captioner.model}"
        lacks = {
            "could not be captioned": numbers[FAILED],
            "could not be captioned before, which --retry tries again": numbers[KNOWN],
            "were away": numbers[AWAY],
        }
        told = [f"{count:,} images {why}" for why, count in lacks.items() if count]
        causes = sorted(one for one in self.report.findings if one.startswith("ERR_"))
        if causes:
            told.append(f"see the report: {', '.join(causes)}")
        return "; ".join([text, *told])
