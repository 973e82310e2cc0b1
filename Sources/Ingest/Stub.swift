enum IngestStub {}
