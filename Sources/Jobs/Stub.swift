enum JobsStub {}
