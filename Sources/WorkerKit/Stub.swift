enum WorkerKitStub {}
