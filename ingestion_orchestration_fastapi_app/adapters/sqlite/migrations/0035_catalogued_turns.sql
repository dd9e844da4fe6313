-- With what turns a picture besides its own file the catalogue knows all by which thumbnails, previews and
-- originals are served. It comes from a sidecar: of files without one it is known, other rows are made anew.
ALTER TABLE catalogue ADD COLUMN sidecar_turn INTEGER;

UPDATE catalogue SET version = 0 WHERE NOT EXISTS (
    SELECT 1 FROM files f WHERE f.collection_id = catalogue.collection_id
        AND f.point_id = catalogue.point_id AND f.sidecar_mark = 0);
UPDATE collections SET catalogue_version = NULL WHERE EXISTS (
    SELECT 1 FROM catalogue c WHERE c.collection_id = collections.id AND c.version = 0);
