"""Operations on arrays: filters, morphology, interpolation."""
