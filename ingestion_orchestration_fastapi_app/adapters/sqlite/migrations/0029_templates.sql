-- Whether the last evaluation with the model found that templates help its short texts.
ALTER TABLE evaluated_models ADD COLUMN templates_help INTEGER NOT NULL DEFAULT 0;
