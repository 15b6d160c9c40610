"""What scores next tokens: a model, or an ensemble of models."""
