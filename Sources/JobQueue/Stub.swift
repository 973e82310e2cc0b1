enum JobQueueStub {}
