enum APIStub {}
