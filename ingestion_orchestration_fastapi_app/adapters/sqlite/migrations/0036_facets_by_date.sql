-- Of a long time most of a collection is counted: in the order of what is counted, so that nothing is sorted,
-- and by the index alone.
DROP INDEX catalogue_by_facets;
CREATE INDEX catalogue_by_facets ON catalogue (collection_id, folder_id, camera_id, lens_id, year,
    format, rating, located, shape, captioned, taken_at);
