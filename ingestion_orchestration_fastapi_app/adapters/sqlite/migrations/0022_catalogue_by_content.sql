-- Pictures of which something is said: favourites, tagged and rated ones are found by their content.
CREATE INDEX catalogue_by_content ON catalogue (collection_id, sha256);
