"""The tables of what relevance is told by."""

from __future__ import annotations

import json
import sqlite3

import numpy as np

from ingestion_orchestration_fastapi_app.adapters.sqlite.database import Repository, reads, writes
from ingestion_orchestration_fastapi_app.adapters.sqlite.rows import Row
from ingestion_orchestration_fastapi_app.domain.search.relevance.calibration import (
    Calibration,
    NeutralTexts,
)
from ingestion_orchestration_fastapi_app.domain.search.relevance.noise import Noise
from ingestion_orchestration_fastapi_app.domain.search.relevance.standard_scores import Matrix

_OF_TEXTS, _OF_PICTURES = "<f4", "<f2"


class CalibrationsTable(Repository):
    """Implements `CalibrationRepository`."""

    @reads
    def neutral_texts(self, db: sqlite3.Connection, fingerprint: str) -> NeutralTexts | None:
        query = "SELECT digest, dim, sentences, nonsense FROM neutral_texts WHERE fingerprint = ?"
        row: Row | None = db.execute(query, (fingerprint,)).fetchone()
        if row is None:
            return None
        digest, dim, *blobs = row
        return NeutralTexts(digest, *(_matrix(blob, dim, _OF_TEXTS) for blob in blobs))

    @writes
    def keep_neutral_texts(
        self, db: sqlite3.Connection, fingerprint: str, texts: NeutralTexts
    ) -> None:
        dim = texts.sentences.shape[1]
        blobs = [_blob(one, _OF_TEXTS) for one in (texts.sentences, texts.nonsense)]
        db.execute(
            "INSERT OR REPLACE INTO neutral_texts (fingerprint, digest, dim, sentences, nonsense)"
            " VALUES (?, ?, ?, ?, ?)",
            (fingerprint, texts.digest, dim, *blobs),
        )

    @reads
    def find(self, db: sqlite3.Connection, generation_id: int) -> Calibration | None:
        query = (
            "SELECT texts, points, dim, sample, noises FROM calibrations WHERE generation_id = ?"
        )
        row: Row | None = db.execute(query, (generation_id,)).fetchone()
        if row is None:
            return None
        texts, points, dim, sample, noises = row
        return Calibration(
            texts,
            points,
            _matrix(sample, dim, _OF_PICTURES),
            tuple(Noise(*one) for one in json.loads(noises)),
        )

    @writes
    def keep(self, db: sqlite3.Connection, generation_id: int, calibration: Calibration) -> None:
        noises = [(one.location, one.scale, one.share) for one in calibration.noises]
        db.execute(
            "INSERT OR REPLACE INTO calibrations (generation_id, texts, points, dim, sample,"
            " noises, made_at) SELECT id, ?, ?, ?, ?, ?, ? FROM generations WHERE id = ?",
            (
                calibration.texts,
                calibration.points,
                calibration.sample.shape[1],
                _blob(calibration.sample, _OF_PICTURES),
                json.dumps(noises),
                self.database.clock().isoformat(),
                generation_id,
            ),
        )

    @reads
    def is_evaluated(self, db: sqlite3.Connection, fingerprint: str) -> bool:
        query = "SELECT 1 FROM evaluated_models WHERE fingerprint = ?"
        return db.execute(query, (fingerprint,)).fetchone() is not None

    @writes
    def set_evaluated(
        self,
        db: sqlite3.Connection,
        fingerprint: str,
        job_id: str,
        *,
        templates_help: bool = False,
        suggested_cut: float | None = None,
    ) -> None:
        evaluated_at = self.database.clock().isoformat()
        db.execute(
            "INSERT OR REPLACE INTO evaluated_models"
            " (fingerprint, job_id, evaluated_at, templates_help, suggested_cut)"
            " VALUES (?, ?, ?, ?, ?)",
            (fingerprint, job_id, evaluated_at, templates_help, suggested_cut),
        )

    @reads
    def templates_help(self, db: sqlite3.Connection, fingerprint: str) -> bool:
        query = "SELECT templates_help FROM evaluated_models WHERE fingerprint = ?"
        row: Row | None = db.execute(query, (fingerprint,)).fetchone()
        return row is not None and bool(row[0])

    @reads
    def suggested_cut(self, db: sqlite3.Connection, fingerprint: str) -> float | None:
        query = "SELECT suggested_cut FROM evaluated_models WHERE fingerprint = ?"
        row: Row | None = db.execute(query, (fingerprint,)).fetchone()
        return None if row is None else row[0]


def _blob(vectors: Matrix, dtype: str) -> bytes:
    return vectors.astype(dtype).tobytes()


def _matrix(blob: bytes, dim: int, dtype: str) -> Matrix:
    return np.frombuffer(blob, dtype=dtype).reshape(-1, dim).astype(np.float32)
