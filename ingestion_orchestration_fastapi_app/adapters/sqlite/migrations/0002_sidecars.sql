-- Sidecars belong to what is known of a file: names, sizes and times of them as one number, 0 for
-- none. So it is for all that was judged before: what has a sidecar is looked at again, once.
ALTER TABLE files ADD COLUMN sidecar_mark INTEGER NOT NULL DEFAULT 0;
