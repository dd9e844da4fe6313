-- What is counted together, so that no row is read for it: also whether a picture says where it was
-- taken, which way it is held, and whether a caption was made of it.
ALTER TABLE catalogue ADD COLUMN located INTEGER NOT NULL DEFAULT 0;    -- it has a place
ALTER TABLE catalogue ADD COLUMN shape INTEGER NOT NULL DEFAULT 0;      -- 1: landscape, -1: portrait
ALTER TABLE catalogue ADD COLUMN captioned INTEGER NOT NULL DEFAULT 0;  -- kept by triggers

UPDATE catalogue SET
    located = latitude IS NOT NULL,
    shape = (width_px > height_px) - (width_px < height_px),
    captioned = EXISTS (
        SELECT 1 FROM files f JOIN artefacts a ON a.file_id = f.id
        WHERE f.collection_id = catalogue.collection_id AND f.point_id = catalogue.point_id
            AND a.kind = 'caption' AND a.state IN ('stored', 'stale'));

DROP INDEX catalogue_by_facets;
CREATE INDEX catalogue_by_facets ON catalogue (collection_id, folder_id, camera_id, lens_id, year,
    format, rating, located, shape, captioned);

CREATE TRIGGER entry_tells_its_caption AFTER INSERT ON catalogue BEGIN
    UPDATE catalogue SET captioned = 1 WHERE id = NEW.id AND EXISTS (
        SELECT 1 FROM files f JOIN artefacts a ON a.file_id = f.id
        WHERE f.collection_id = NEW.collection_id AND f.point_id = NEW.point_id
            AND a.kind = 'caption' AND a.state IN ('stored', 'stale'));
END;
-- Also where one takes the place of another, of which no trigger hears.
CREATE TRIGGER caption_is_told_when_made AFTER INSERT ON artefacts WHEN NEW.kind = 'caption' BEGIN
    UPDATE catalogue SET captioned = EXISTS (
        SELECT 1 FROM artefacts a WHERE a.file_id = NEW.file_id
            AND a.kind = 'caption' AND a.state IN ('stored', 'stale'))
    WHERE (collection_id, point_id) =
        (SELECT f.collection_id, f.point_id FROM files f WHERE f.id = NEW.file_id);
END;
CREATE TRIGGER caption_is_told_when_gone AFTER DELETE ON artefacts WHEN OLD.kind = 'caption' BEGIN
    UPDATE catalogue SET captioned = EXISTS (
        SELECT 1 FROM artefacts a WHERE a.file_id = OLD.file_id
            AND a.kind = 'caption' AND a.state IN ('stored', 'stale'))
    WHERE (collection_id, point_id) =
        (SELECT f.collection_id, f.point_id FROM files f WHERE f.id = OLD.file_id);
END;
