-- Names of collections that are deleted and whose tables in the vector store may still be there.
CREATE TABLE dropped_tables (
    name TEXT NOT NULL PRIMARY KEY
) WITHOUT ROWID;
