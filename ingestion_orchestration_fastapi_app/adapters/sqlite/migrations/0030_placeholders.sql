-- What is drawn of a picture before its thumbnail is there: see `Picture.placeholder`.
CREATE TABLE catalogue_placeholders (
    entry_id INTEGER PRIMARY KEY,
    picture BLOB NOT NULL,         -- the first bytes of its key: the entry may be of another by now
    version INTEGER NOT NULL,
    pixels BLOB NOT NULL
);
CREATE TRIGGER placeholders_go_with_their_entry AFTER DELETE ON catalogue BEGIN
    DELETE FROM catalogue_placeholders WHERE entry_id = OLD.id;
END;
