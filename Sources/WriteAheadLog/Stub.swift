enum WriteAheadLogStub {}
